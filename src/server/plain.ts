/** Looking at what `JSON.parse` gave without a schema, where there is very much of it. */

export const isPlainObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The last instant that a date can name. */
export const endOfTime = 8.64e15;

export const isCount = (value: unknown, most: number): value is number =>
  typeof value === "number" &&
  Number.isSafeInteger(value) &&
  value >= 0 &&
  value <= most &&
  !Object.is(value, -0);

export const isText = (
  value: unknown,
  { min, max }: { readonly min: number; readonly max: number },
): value is string => typeof value === "string" && value.length >= min && value.length <= max;

export const isFinite = (value: unknown): value is number => Number.isFinite(value);

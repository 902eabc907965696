/**
 * What a row of a file says: one metric, where it has a name and a value, or else one for each field that is not a step
 * or a time.
 */
import * as DateTime from "effect/DateTime";
import * as Option from "effect/Option";
import { make as makeEventId } from "../../internal/base/clientEventId.ts";
import type { MetricPoint } from "../../v2/Runs.ts";

/** The fields of a row, whatever they are called. */
export type Fields = Readonly<Record<string, unknown>>;

/** What is wrong with a row. */
export class BadRow extends Error {}

const isThere = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
};

const numberOf = (what: string, value: unknown): number => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new BadRow(`the ${what} is ${shown(value)}, not a finite number`);
};

const stepOf = (value: unknown): number => {
  if (!isThere(value)) throw new BadRow("there is no step");
  const step = numberOf("step", value);
  if (Number.isSafeInteger(step) && step >= 0) return step;
  throw new BadRow(`the step is ${shown(value)}, not a whole number from 0`);
};

/** Unix milliseconds, or what ISO 8601 writes. */
const timeOf = (value: unknown): DateTime.Utc | undefined => {
  if (!isThere(value)) return undefined;
  const time =
    typeof value === "string" && !/^\s*\d+\s*$/.test(value) ? value : numberOf("timestamp", value);
  const found = Option.getOrUndefined(DateTime.make(time));
  if (found !== undefined && found.epochMilliseconds >= 0) {
    return DateTime.makeUnsafe(Math.floor(found.epochMilliseconds));
  }
  throw new BadRow(
    `the timestamp is ${shown(value)}, not Unix milliseconds or a time such as 2026-01-31T12:00:00Z`,
  );
};

/** As the service wants the name of a metric to be. */
export const isName = (value: unknown): value is string =>
  typeof value === "string" && /^[\x20-\x7e]{1,256}$/.test(value);

const nameOf = (value: unknown): string => {
  if (isName(value)) return value;
  throw new BadRow(`the name is ${shown(value)}, not 1 to 256 characters of printable ASCII`);
};

const metadataOf = (value: unknown, more: ReadonlyArray<readonly [string, unknown]>) => {
  let given: unknown = isThere(value) ? value : {};
  if (typeof given === "string") {
    try {
      given = JSON.parse(given);
    } catch {
      given = undefined;
    }
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new BadRow(`the metadata is ${shown(value)}, not a JSON object`);
  }
  const entries = [...Object.entries(given), ...more.filter(([, value]) => isThere(value))];
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (typeof value === "object" && value !== null) {
        throw new BadRow(`the metadata ${shown(key)} is ${shown(value)}, not a text`);
      }
      return [key, String(value)];
    }),
  );
};

/** In these columns or fields stands what is no metadata and no metric. */
const reserved = new Set(["name", "value", "step", "timestamp", "metadata", "messageId"]);
const ofWide = new Set(["step", "timestamp"]);

/**
 * The metrics of a row. The ids of their messages are made of what they say and of the line, so that a file that is
 * sent again is not stored again.
 */
export const pointsOf = (fields: Fields, line: number): ReadonlyArray<MetricPoint> => {
  const isLong = "name" in fields && "value" in fields;
  const step = stepOf(fields["step"]);
  const timestamp = timeOf(fields["timestamp"]);
  const at = timestamp === undefined ? {} : { timestamp };
  const place = `line ${line} at ${timestamp?.epochMilliseconds ?? ""}`;
  const withId = (point: { name: string; value: number; metadata?: Record<string, string> }) => ({
    ...point,
    ...at,
    step,
    messageId: makeEventId({ ...point, step, run: `${place}: ${point.value}` }),
  });
  if (!isLong) {
    return Object.entries(fields).flatMap(([name, value]) =>
      ofWide.has(name) || !isThere(value)
        ? []
        : [withId({ name: nameOf(name), value: numberOf(`value of ${shown(name)}`, value) })],
    );
  }
  const more = Object.entries(fields).filter(([name]) => !reserved.has(name));
  const point = withId({
    name: nameOf(fields["name"]),
    value: numberOf("value", fields["value"]),
    metadata: metadataOf(fields["metadata"], more),
  });
  const given = fields["messageId"];
  if (!isThere(given)) return [point];
  if (typeof given === "string" && given.length <= 200) return [{ ...point, messageId: given }];
  throw new BadRow(`the messageId is ${shown(given)}, not a text of at most 200 characters`);
};

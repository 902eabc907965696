/** What recorders of all generations of the API make of what they are given. */
import * as DateTime from "effect/DateTime";
import * as Result from "effect/Result";
import { type Issue, tooDeep } from "../base/issue.ts";
import { isPlainObject, isStep } from "../base/plainEvent.ts";
import { type Encode, makeEncode } from "../request/encode.ts";
import type { Metadata } from "../wire/schema.ts";
import { SmallMetadata } from "../wire/v1/annotations.ts";
import type { AnnotationOptions } from "./service.ts";

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

/**
 * What is recorded is read here for the first time, and may throw when it is looked at: a getter, a revoked proxy, a
 * stack that runs out. A job must not fail by that.
 */
export const orUnreadable = <A>(read: () => A | Issue): A | Issue => {
  try {
    return read();
  } catch (error) {
    return error instanceof RangeError
      ? { ...tooDeep, path: ["metadata"] }
      : {
          path: ["metadata"],
          expected: `what can be read, and reading it threw (${nameOf(error)})`,
        };
  }
};

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/** As JSON does it, a field that is `undefined` is left out. The same object where there is none. */
export const withoutUndefined = (value: unknown, around: ReadonlyArray<unknown> = []): unknown => {
  if (!isPlainObject(value) || around.includes(value)) return value;
  let changed = false;
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const kept = withoutUndefined(field, [...around, value]);
    if (kept !== field || kept === undefined) changed = true;
    // A field of this name would be no field of the copy.
    if (name === "__proto__") return value;
    if (kept !== undefined) fields[name] = kept;
  }
  return changed ? fields : value;
};

/** No number for what is no time. */
export const millisOf = (timestamp: unknown, now: number): number => {
  if (timestamp === undefined) return now;
  return DateTime.isDateTime(timestamp) && DateTime.isUtc(timestamp)
    ? timestamp.epochMilliseconds
    : Number.NaN;
};

/** Made on first use. */
export const lazily = (schema: Parameters<typeof makeEncode>[0]): Encode => {
  let encode: Encode | undefined;
  return (input) => (encode ??= makeEncode(schema))(input);
};

const encodeMetadata = lazily(SmallMetadata);

/** Metadata that is JSON and not too large, without fields that are `undefined`; or what is wrong with it. */
export const checkMetadata = (input: unknown): Result.Result<Metadata | undefined, Issue> => {
  const metadata = withoutUndefined(input);
  if (metadata === undefined) return Result.succeed(undefined);
  return Result.mapBoth(encodeMetadata(metadata), {
    onFailure: ({ expected, path }) => ({ path: ["metadata", ...path], expected }),
    // It was found to be that.
    onSuccess: () => metadata as Metadata,
  });
};

/** The metadata of an annotation, with its step. What is no metadata is left as it is. */
export const withStep = ({
  metadata: input,
  step,
}: AnnotationOptions): Result.Result<unknown, Issue> => {
  const metadata = withoutUndefined(input);
  if (step === undefined) return Result.succeed(metadata);
  if (!isStep(step)) return Result.fail({ path: ["step"], expected: "a non-negative integer" });
  return Result.succeed(
    metadata === undefined || isPlainObject(metadata) ? { ...metadata, step } : metadata,
  );
};

// -----------------------------------------------------------------------------
// Writing
// -----------------------------------------------------------------------------

/** The key of a request and what it holds. A key is visible ASCII, and has no space. */
export const entryOf = (key: string, body: unknown): string => `${key} ${JSON.stringify(body)}`;

const decoder = new TextDecoder();
const space = 0x20;

export const partsOf = (entry: Uint8Array): { readonly key: string; readonly body: Uint8Array } => {
  const end = entry.indexOf(space);
  return { key: decoder.decode(entry.subarray(0, end)), body: entry.subarray(end + 1) };
};

/** The JSON of what an entry holds. */
export const readBody = (body: Uint8Array): unknown => JSON.parse(decoder.decode(body));

/** Keys that are awkward to spell, every output an error may end up in, and a search for what is left of a key in one. */
import { assert } from "@effect/vitest";
import { inspect } from "node:util";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Logger from "effect/Logger";
import * as Schema from "effect/Schema";
import { MetricsApiError } from "../../src/internal/base/errors.ts";

/** With what JSON and URLs spell otherwise in the middle. */
export const apiKey = 'sk_Zq7Xv9Kp"\\%/Lm4Nt8Rw';
export const ingestionKey = 'ik_Hd3Js6Bc"\\%/Fy5Gu1Ve';

const secrets = ["Zq7Xv9Kp", "Lm4Nt8Rw", "Hd3Js6Bc", "Fy5Gu1Ve"];

/** The ways a text from outside may spell a key. */
export const spellings = (key: string): ReadonlyArray<string> => [
  key,
  JSON.stringify(key),
  encodeURIComponent(key),
  `Authorization: Bearer ${key}`,
];

/** Six characters of a key in a row are a leak. */
export const assertNoKey = (text: string): void => {
  for (const secret of secrets) {
    for (let i = 0; i + 6 <= secret.length; i++) {
      const piece = secret.slice(i, i + 6);
      assert.notInclude(text, piece);
    }
  }
};

export const inspectAll = (value: unknown): string =>
  inspect(value, { depth: Infinity, showHidden: true, getters: true, maxStringLength: Infinity });

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(MetricsApiError)));

/** Everything that can be printed of a value, one text for each way. */
export const printed = (value: unknown): ReadonlyArray<string> => {
  const cause = Cause.fail(value);
  return [
    String(value),
    JSON.stringify(value) ?? "",
    inspectAll(value),
    ...(value instanceof Error ? [value.message, value.stack ?? ""] : []),
    Cause.pretty(cause),
    String(cause),
    inspectAll(cause),
    JSON.stringify(Exit.fail(value)),
    ...[Logger.formatSimple, Logger.formatLogFmt, Logger.formatJson].flatMap((logger) => {
      const lines: Array<string> = [];
      Effect.runSync(
        Effect.andThen(Effect.logError("failed", value), Effect.logError(cause)).pipe(
          Effect.annotateLogs({ value }),
          Effect.provide(Logger.layer([Logger.map(logger, (line) => void lines.push(line))])),
        ),
      );
      return lines;
    }),
  ];
};

/** The same of an error, and its JSON as its schema writes it. */
export const printedError = (error: MetricsApiError): ReadonlyArray<string> => [
  ...printed(error),
  encode(error),
];

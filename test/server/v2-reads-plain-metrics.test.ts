/** A metric that is read past its schema is read as the schema reads it, and all else is left to it. */
import { assert, it } from "@effect/vitest";
import * as Result from "effect/Result";
import { readAnyPoint, readPlainPoint } from "../../src/server/v2/points.ts";

const long = (length: number) => "x".repeat(length);

/** What each field may be, or may not. */
const values: Record<string, ReadonlyArray<string>> = {
  metricName: ['"loss"', `"${long(500)}"`, `"${long(501)}"`, '""', "[]", "null", '"é\\u0000"'],
  metricValue: ["1", "-0.5", "1e999", "-0", "5e-324", '"1"', "null", "true", "{}"],
  step: ["0", "9007199254740991", "9007199254740992", "null", "-1", "0.5", '"1"', "-0", "1e3"],
  meta: [
    "{}",
    '{"a":"b","":""}',
    '{"a":1}',
    '{"a":null}',
    '{"__proto__":"x"}',
    "[]",
    "null",
    '"x"',
  ],
  timestampMs: ["0", "8640000000000000", "8640000000000001", "-1", "1.5", "null", '"1"', "-0"],
  messageId: ['"x"'],
  metadata: ["{}"],
};

const plain = { experimentId: '"e"', metricName: '"loss"', metricValue: "1", step: "3" };

it("a metric, whatever stands in one field or is left out of it", () => {
  let [read, taken] = [0, 0];
  const check = (fields: Record<string, string>) => {
    const text = `{${Object.entries(fields)
      .map(([key, value]) => `"${key}":${value}`)
      .join()}}`;
    const asked = { messageId: "m", event: "syvain.v2.experiment.metric", data: JSON.parse(text) };
    const bySchema = Result.getOrUndefined(readAnyPoint(asked));
    if (bySchema !== undefined) taken++;
    const found = readPlainPoint(asked);
    if (found === undefined) return;
    read++;
    assert.deepStrictEqual(found, bySchema, text);
  };
  for (const [key, all] of Object.entries(values)) {
    for (const value of all) check({ ...plain, [key]: value });
    check(Object.fromEntries(Object.entries(plain).filter(([name]) => name !== key)));
  }
  // Only what is unusual is left to the schema: a zero below zero.
  assert.deepStrictEqual([read, taken], [19, 21]);
});

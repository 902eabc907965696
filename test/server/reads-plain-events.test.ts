/** What is read past the schema of events is read as the schema reads it, and all else is left to it. */
import { assert, it } from "@effect/vitest";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { ingestMetrics } from "../../src/internal/wire/v1/index.ts";
import { readPlainEvents } from "../../src/server/v1/plainEvents.ts";

const decode = Schema.decodeUnknownResult(Schema.toCodecJson(ingestMetrics.payload), {
  onExcessProperty: "error",
});

/** As the schema reads it; `undefined` when it does not. */
const bySchema = (body: unknown) => {
  const result = decode(body);
  if (Result.isFailure(result)) return undefined;
  return result.success.metrics.map(({ step = null, metadata = {}, timestamp, ...event }) => ({
    ...event,
    step,
    metadata,
    clientTime: timestamp?.epochMilliseconds,
  }));
};

const long = (length: number) => "x".repeat(length);

/** What each field may be, or may not. */
const values: Record<string, ReadonlyArray<string>> = {
  client_event_id: ['"1"', `"${long(200)}"`, `"${long(201)}"`, '""', "1", "null", '"\\ud800"'],
  name: ['"loss"', `"${long(500)}"`, `"${long(501)}"`, '""', "[]", "null", '"é\\u0000"'],
  value: ["1", "-0.5", "1e999", "-0", "5e-324", '"1"', "null", "true", "{}"],
  step: ["0", "null", "9007199254740991", "9007199254740992", "-1", "0.5", '"1"', "-0", "1e3"],
  metadata: [
    "{}",
    '{"a":"b","c":1,"d":null,"e":true}',
    '{"a":{"b":1}}',
    '{"a":[1]}',
    '{"a":1e999}',
    '{"__proto__":"x"}',
    "[]",
    "null",
    '"x"',
  ],
  timestamp_ms: ["0", "8640000000000000", "8640000000000001", "-1", "1.5", "null", '"1"', "-0"],
  clientEventId: ['"x"'],
  __proto__x: ["1"],
};

const plain = { client_event_id: '"1"', name: '"loss"', value: "1" };
const write = (event: Record<string, string>) =>
  `{${Object.entries(event)
    .map(([key, value]) => `"${key}":${value}`)
    .join()}}`;

it("an event, whatever stands in one field or is left out of it", () => {
  let read = 0;
  const check = (event: Record<string, string>) => {
    const body = JSON.parse(`{"data":[${write(event)},${write(plain)}]}`);
    const found = readPlainEvents(body);
    if (found === undefined) return;
    read++;
    assert.deepStrictEqual(found, bySchema(body), write(event));
  };
  for (const [key, all] of Object.entries(values)) {
    for (const value of all) check({ ...plain, [key]: value });
    check(Object.fromEntries(Object.entries(plain).filter(([name]) => name !== key)));
  }
  assert.strictEqual(read, 24);
});

it("a body that is something else", () => {
  const event = JSON.parse(write(plain));
  const events = (count: number) => Array.from({ length: count }, () => event);
  for (const body of [
    undefined,
    null,
    [],
    events(1),
    {},
    { data: {} },
    { data: [null] },
    { data: [[]] },
    { data: events(1001) },
    { data: [], sync: true },
    { metrics: [] },
  ]) {
    assert.isUndefined(readPlainEvents(body));
  }
  for (const count of [0, 1, 1000]) {
    const body = { data: events(count) };
    assert.deepStrictEqual(readPlainEvents(body), bySchema(body));
  }
});

/** Events written by hand are, to the byte, what the schema of the contract writes, and no other event is let by. */
import { assert, it } from "@effect/vitest";
import { inspect } from "node:util";
import * as Arbitrary from "effect/Arbitrary";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { MetricInput } from "../../src/internal/wire/v1/metricInput.ts";
import { EventEncoder } from "../../src/internal/ingest/eventEncoder.ts";
import { Utf8 } from "../../src/internal/base/utf8.ts";

const encoder = new EventEncoder();

/** As a batch encodes it. */
const encodeEvent = (event: unknown) => {
  const out = new Utf8();
  const issue = encoder.encode(out, event);
  return issue ?? new TextDecoder().decode(out.array.subarray(0, out.length));
};

const strict = { onExcessProperty: "error" } as const;
const bySchema = Schema.encodeUnknownResult(MetricInput, strict);

const assertSame = (event: unknown): void => {
  const mine = encodeEvent(event);
  const its = bySchema(event);
  assert.strictEqual(typeof mine === "string", Result.isSuccess(its));
  if (Result.isSuccess(its)) assert.strictEqual(mine, JSON.stringify(its.success));
};

it.effect("of any event", () =>
  Effect.gen(function* () {
    const failure = Arbitrary.formatCheckFailure(
      yield* Arbitrary.checkEffect(
        Arbitrary.schema(MetricInput),
        (event) => Effect.try({ try: () => (assertSame(event), true), catch: String }),
        { runs: 300, maxDiscards: 100_000 },
      ),
    );
    if (failure !== undefined) assert.fail(failure);
  }),
);

const plain = { clientEventId: "c", name: "n", value: 1 };
class Event {
  readonly clientEventId = "c";
  readonly name = "n";
  readonly value = 1;
}
const utc = DateTime.makeUnsafe("2026-01-02T03:04:05.678Z");
const values: ReadonlyArray<unknown> = [
  undefined,
  null,
  0,
  "",
  [],
  [plain],
  {},
  new Event(),
  new Map(Object.entries(plain)),
  Object.assign(Object.create(null), plain),
  Object.create(plain),
  plain,
  { ...plain, clientEventId: "" },
  { ...plain, clientEventId: 1 },
  ...[200, 201].map((length) => ({ ...plain, clientEventId: "c".repeat(length) })),
  ...[500, 501].map((length) => ({ ...plain, name: "n".repeat(length) })),
  { ...plain, name: "" },
  { ...plain, name: 'é\u{1f511}\ud800"\\\n' },
  { ...plain, name: undefined },
  ...[
    '"',
    "\\",
    "\u0000",
    "\u001f",
    "\u007f",
    "\u2028",
    "\ud7ff",
    "\ud800",
    "\udfff",
    "\ue000",
    "\u{1f511}",
  ].flatMap((unit) => [
    { ...plain, clientEventId: `c${unit}`, name: `${unit}n` },
    { ...plain, clientEventId: unit.repeat(40), name: unit + "n".repeat(70) },
  ]),
  ...[-0, 1e21, 5e-324, 0.1, Number.NaN, Infinity, "1", 1n, null, undefined].map((value) => ({
    ...plain,
    value,
  })),
  ...[0, -0, 1, -1, 1.5, 2 ** 53, 2 ** 53 - 1, Number.NaN, "1", null, undefined].map((step) => ({
    ...plain,
    step,
  })),
  ...[
    utc,
    DateTime.makeUnsafe(-1),
    DateTime.makeUnsafe(0),
    DateTime.makeUnsafe(8.64e15),
    DateTime.makeZonedUnsafe(0, { timeZone: "Europe/Berlin" }),
    { _tag: "Utc", epochMilliseconds: 0 },
    new Date(0),
    "2026-01-02T03:04:05Z",
    0,
    null,
    undefined,
  ].map((timestamp) => ({ ...plain, timestamp })),
  ...[
    {},
    { a: 1, b: "x", c: true, d: null },
    { a: undefined },
    { a: Number.NaN },
    { a: -0 },
    { a: { b: [1] } },
    { a: [undefined] },
    { a: new Date(0) },
    { a: () => 1 },
    { toJSON: () => 1 },
    { toJSON: 1 },
    { 2: "b", 1: "a" },
    JSON.parse('{"__proto__":1}'),
    JSON.parse('{"__proto__":{"x":1}}'),
    Object.assign(Object.create(null), { a: 1 }),
    new Event(),
    [1],
    "x",
    null,
    undefined,
  ].map((metadata) => ({ ...plain, metadata })),
  { ...plain, other: 1 },
  { ...plain, other: undefined },
  { ...plain, step: undefined, timestamp: undefined, metadata: undefined },
  { ...plain, [Symbol("s")]: 1 },
  Object.defineProperty({ ...plain }, "step", { value: 1, enumerable: false }),
  Object.defineProperty({ clientEventId: "c", name: "n" }, "value", {
    get: () => 1,
    enumerable: true,
  }),
];
for (const [i, value] of values.entries()) {
  it(`of event ${i}, ${inspect(value, { breakLength: Infinity })}`, () => assertSame(value));
}

it("whatever came before", () => {
  for (const before of values) {
    for (const after of values) {
      encodeEvent(before);
      assertSame(after);
    }
  }
  const metadata: Record<string, unknown> = { a: 1 };
  for (const value of [1, 2, "2", -0, undefined, null, { a: 1 }, Number.NaN]) {
    metadata["a"] = value;
    assertSame({ ...plain, metadata });
    metadata["b"] = value;
    assertSame({ ...plain, metadata });
    delete metadata["b"];
    assertSame({ ...plain, metadata });
  }
});

/** A metric that is recorded in one go is, to the byte, what the careful way makes of it, id and all. */
import { assert, it } from "@effect/vitest";
import * as Arbitrary from "effect/Arbitrary";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as ClientEventId from "../src/ClientEventId.ts";
import type { EventOptions } from "../src/Collector.ts";
import { encodeMetric } from "../src/internal/collector/encode.ts";
import { PlainMetrics } from "../src/internal/collector/plainMetrics.ts";

const slug = 'é"\\ run';
const plain = new PlainMetrics(slug);

/** Answers whether it was recorded in one go. */
const assertSame = (name: string, value: number, options: EventOptions, now: number): boolean => {
  const inOneGo = plain.encode(name, value, options, now);
  if (inOneGo === undefined) return false;
  const { step = Number.NaN, metadata } = options;
  const carefully = encodeMetric(
    () => ClientEventId.make({ run: slug, name, step, metadata }),
    name,
    value,
    options,
    now,
  );
  assert.isTrue(Result.isSuccess(carefully));
  assert.strictEqual(inOneGo, Result.getOrThrow(carefully));
  return true;
};

const Metric = Schema.Struct({
  name: Schema.String,
  value: Schema.Number,
  step: Schema.Int,
  now: Schema.Int,
  metadata: Schema.Record(Schema.String, Schema.Json),
});

it.effect("whatever the metric", () =>
  Effect.gen(function* () {
    const failure = Arbitrary.formatCheckFailure(
      yield* Arbitrary.checkEffect(
        Arbitrary.schema(Metric),
        ({ name, value, step, now, metadata }) =>
          Effect.try({
            try: () => {
              assertSame(name, value, { step, metadata }, now);
              assertSame(name, value, { step }, now);
              return true;
            },
            catch: String,
          }),
        { runs: 500, maxDiscards: 100_000 },
      ),
    );
    if (failure !== undefined) assert.fail(failure);
  }),
);

const now = Date.UTC(2026, 0, 2);
const usual: ReadonlyArray<EventOptions["metadata"]> = [
  undefined,
  {},
  { split: "train" },
  { a: 1, b: true, c: null, d: -0, e: "\ud800\u2028\u{1f511}", é: 1e300 },
];
const names = ["loss", "é\u{1f511}", '"\\\n', "\ud800", "x".repeat(500)];

it("and the usual ones are", () => {
  for (const metadata of usual) {
    for (const name of names) {
      for (const value of [0, -0, 0.1, 1e21, 5e-324, Number.MAX_VALUE]) {
        for (const step of [0, 1, Number.MAX_SAFE_INTEGER]) {
          assert.isTrue(assertSame(name, value, { step, metadata }, now));
        }
      }
    }
  }
});

it("and those that change their metadata", () => {
  const metadata: Record<string, unknown> = { a: 1 };
  const changes: ReadonlyArray<readonly [string, unknown]> = [
    ["a", 2],
    ["b", "x"],
    ["b", "y"],
    ["c", undefined],
    ["c", null],
    ["a", "2"],
    ["a", { nested: 1 }],
    ["a", -0],
  ];
  for (const [name, value] of changes) {
    metadata[name] = value;
    assertSame("changing", 1, { step: 1, metadata: metadata as never }, now);
    assertSame("changing", 1, { step: 1, metadata: { ...metadata, z: 1 } as never }, now);
    assertSame("changing", 1, { step: 1, metadata: [] as never }, now);
  }
  for (const fewer of [{ a: 1, b: 2 }, { a: 1 }, {}, { a: 1, b: 2 }, { b: 2, a: 1 }]) {
    assertSame("fewer", 1, { step: 1, metadata: fewer }, now);
  }
});

const odd: ReadonlyArray<readonly [string, string, number, object]> = [
  ["a value that is not finite", "n", Number.NaN, { step: 1 }],
  ["an empty name", "", 1, { step: 1 }],
  ["no step", "n", 1, {}],
  ["a negative step", "n", 1, { step: -1 }],
  ["half a step", "n", 1, { step: 0.5 }],
  ["a time of its own", "n", 1, { step: 1, timestamp: DateTime.makeUnsafe(0) }],
  ["nested metadata", "n", 1, { step: 1, metadata: { a: {} } }],
  ["metadata out of order", "n", 1, { step: 1, metadata: { b: 1, a: 1 } }],
  ["metadata that JSON does not take", "n", 1, { step: 1, metadata: { a: Number.NaN } }],
  ["metadata that is undefined in part", "n", 1, { step: 1, metadata: { a: undefined } }],
  ["metadata that is none", "n", 1, { step: 1, metadata: [] }],
  ["metadata of a class", "n", 1, { step: 1, metadata: new Date() }],
  ["much metadata", "n", 1, { step: 1, metadata: { a: "x".repeat(30_000) } }],
];
it.each(odd)("%s is left to the careful way", (_, name, value, options) =>
  assert.isUndefined(plain.encode(name, value, options, now)),
);

it("a year of five digits, or before 1970, is left to the careful way", () => {
  for (const year of [10_000, 1969]) {
    assert.isUndefined(plain.encode("n", 1, { step: 1 }, Date.UTC(year, 0)));
  }
});

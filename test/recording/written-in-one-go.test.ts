/** An event that is written in one go is, to the byte, what the careful way makes of it, id and all. */
import { assert, it } from "@effect/vitest";
import * as Arbitrary from "effect/Arbitrary";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as ClientEventId from "../../src/ClientEventId.ts";
import { encodeBySchema } from "../../src/internal/ingest/event.ts";
import { EventWriter, formatV1 } from "../../src/internal/ingest/eventWriter.ts";
import type { Metadata } from "../../src/Metrics.ts";

const slug = 'é"\\ run';
const writer = new EventWriter(formatV1, slug, 20_000);
const write = (...event: Parameters<EventWriter["write"]>): string | undefined => {
  const written = writer.write(...event);
  return written && new TextDecoder().decode(written);
};

interface Options {
  readonly step?: number | undefined;
  readonly metadata?: Metadata | undefined;
}

/** Answers whether it was written in one go. */
const assertSame = (name: string, value: number, options: Options, now: number): boolean => {
  const { metadata, step } = options;
  const inOneGo = write(name, value, step, metadata, now);
  if (inOneGo === undefined) return false;
  const carefully = encodeBySchema({
    clientEventId:
      step === undefined
        ? JSON.parse(inOneGo).client_event_id
        : ClientEventId.make({ run: slug, name, step, metadata }),
    name,
    value,
    step,
    metadata,
    timestamp: DateTime.makeUnsafe(now),
  });
  assert.strictEqual(inOneGo, carefully);
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
              assertSame(name, value, { metadata }, now);
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
const usual: ReadonlyArray<Options["metadata"]> = [
  undefined,
  {},
  { split: "train" },
  { b: 1, a: 2, 9: 3, 10: 4, é: 5, Z: 6 },
  { a: 1, b: true, c: null, d: -0, e: "\ud800\u2028\u{1f511}", é: 1e300 },
];
const names = ["loss", "é\u{1f511}", '"\\\n', "\ud800", "x".repeat(500)];

it("and the usual ones are", () => {
  for (const metadata of usual) {
    for (const name of names) {
      for (const value of [0, -0, 0.1, 1e21, 5e-324, Number.MAX_VALUE]) {
        for (const step of [undefined, 0, 1, Number.MAX_SAFE_INTEGER]) {
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

it("an event without a step has an id of its own", () => {
  const ids = Array.from({ length: 100 }, () =>
    String(JSON.parse(write("n", 1, undefined, undefined, now)!).client_event_id),
  );
  assert.lengthOf(new Set(ids), 100);
  for (const id of ids) assert.isAtMost(id.length, 200);
});

const odd: ReadonlyArray<readonly [string, string, number, Record<string, unknown>]> = [
  ["a value that is not finite", "n", Number.NaN, { step: 1 }],
  ["an empty name", "", 1, { step: 1 }],
  ["a long name", "n".repeat(501), 1, { step: 1 }],
  ["a negative step", "n", 1, { step: -1 }],
  ["half a step", "n", 1, { step: 0.5 }],
  ["nested metadata", "n", 1, { step: 1, metadata: { a: {} } }],
  ["metadata that JSON does not take", "n", 1, { step: 1, metadata: { a: Number.NaN } }],
  ["metadata that is undefined in part", "n", 1, { step: 1, metadata: { a: undefined } }],
  ["metadata that is none", "n", 1, { step: 1, metadata: [] }],
  ["metadata of a class", "n", 1, { step: 1, metadata: new Date() }],
  ["much metadata", "n", 1, { step: 1, metadata: { a: "x".repeat(30_000) } }],
];
it.each(odd)("%s is left to the careful way", (_, name, value, { metadata, step }) =>
  assert.isUndefined(write(name, value, step, metadata, now)),
);

it("a time before 1970, or none, is left to the careful way", () => {
  for (const time of [-1, 0.5, Number.NaN]) {
    assert.isUndefined(write("n", 1, 1, undefined, time));
  }
});

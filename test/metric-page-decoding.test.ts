/** A page of metrics read by hand is the value that the schema of the contract reads, and no other page is read by hand. */
import { assert, describe, it } from "@effect/vitest";
import * as Arbitrary from "effect/Arbitrary";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { listMetrics } from "../src/internal/contract/metrics.ts";
import { plainMetricPage } from "../src/internal/contract/plainMetricPage.ts";

const bySchema = Schema.decodeUnknownResult(listMetrics.success);
const encode = Schema.encodeUnknownSync(listMetrics.success);

/** What came over the wire is read; whether by hand or not is the answer. */
const assertSame = (json: unknown): boolean => {
  const mine = plainMetricPage(json);
  if (mine === undefined) return false;
  const its = bySchema(json);
  assert.isTrue(Result.isSuccess(its), JSON.stringify(json));
  if (Result.isSuccess(its)) assert.deepStrictEqual(mine, its.success);
  return true;
};

const wire = { client_event_id: "c", name: "n", value: 1, step: 2, timestamp: null, metadata: {} };
const page = (metric: unknown) => ({ metrics: [wire, metric], next_cursor: null });

const check = <A>(arbitrary: Arbitrary.Arbitrary<A>, test: (value: A) => void) =>
  Effect.gen(function* () {
    const failure = Arbitrary.formatCheckFailure(
      yield* Arbitrary.checkEffect(
        arbitrary,
        (value) => Effect.try({ try: () => (test(value), true), catch: String }),
        { runs: 300, maxDiscards: 100_000 },
      ),
    );
    if (failure !== undefined) assert.fail(failure);
  });

it.effect("of any page", () =>
  check(Arbitrary.schema(listMetrics.success), (value) => {
    assertSame(JSON.parse(JSON.stringify(encode(value))));
  }),
);

it.effect("of any page that is broken in any one place", () =>
  check(
    Arbitrary.schema(
      Schema.Struct({
        field: Schema.Literals([...(Object.keys(wire) as Array<keyof typeof wire>), "other"]),
        value: Schema.Json,
      }),
    ),
    ({ field, value }) => {
      assertSame(page({ ...wire, [field]: value }));
      assertSame({ ...page(wire), [field === "name" ? "next_cursor" : "metrics"]: value });
    },
  ),
);

const days = (
  "2026-01-02,2024-02-29,2023-02-29,2026-04-31,0000-01-01,9999-12-31," +
  "2026-00-01,2026-13-01,2026-01-00,2026-01-32,20x6-01-02,2026-01-0x"
).split(",");
const clocks = (
  "00:00:00,23:59:59,24:00:00,12:60:00,12:00:60,1x:00:00,12 00:00," +
  "12:00:0,12:00-00,-1:00:00,+1:00:00,12:0 :00,12:00:/9,12:00::0,12:00:0:"
).split(",");
const fractions = ["", ".0", ".123", ".12x", ".x23", "./00", ".999", ".123456", ",123", ".-10"];
const zones = ["Z", "z", "+00:00", ""];

it("of any spelling of a time, after any other", () => {
  for (const clock of clocks) {
    for (const fraction of fractions) {
      for (const zone of zones) {
        for (const day of days) {
          for (const between of ["T", "t", " "]) {
            assertSame(page({ ...wire, timestamp: day + between + clock + fraction + zone }));
          }
        }
      }
    }
  }
});

describe("by hand", () => {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : { a: [deep(depth - 1)] });
  for (const [name, metric] of Object.entries<unknown>({
    "without a time": wire,
    "with a time": { ...wire, timestamp: "2026-01-02T03:04:05Z" },
    "with a time in milliseconds": { ...wire, timestamp: "2026-01-02T03:04:05.678Z" },
    "without a step": { ...wire, step: null },
    "with metadata": { ...wire, metadata: { a: 1, b: "x", c: null, d: [true, { e: [] }] } },
    "with a field more": { ...wire, other: 1 },
    "with -0": { ...wire, value: -0, step: -0 },
    "with fields of any name": {
      ...wire,
      metadata: JSON.parse('{"__proto__":{"a":1},"constructor":1}'),
    },
  })) {
    it(`a metric ${name}`, () => assert.isTrue(assertSame(page(metric))));
  }

  it("a cursor", () => assert.isTrue(assertSame({ metrics: [], next_cursor: "eyJhIjoxfQ==" })));

  it("two times of a millisecond, and one of another day", () => {
    const times = ["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z", "2026-01-03T00:00:00Z"];
    const metrics = times.map((timestamp) => ({ ...wire, timestamp }));
    assert.deepStrictEqual(
      plainMetricPage({ metrics, next_cursor: null })?.metrics.map(({ timestamp }) => timestamp),
      times.map((time) => DateTime.makeUnsafe(time)),
    );
  });

  for (const [name, json] of Object.entries<unknown>({
    null: null,
    "a list": [],
    "no metrics": { next_cursor: null },
    "no cursor": { metrics: [] },
    "an empty cursor": { metrics: [], next_cursor: "" },
    "a cursor that is half of a character": { metrics: [], next_cursor: "\ud800" },
    "no metadata": page({ ...wire, metadata: undefined }),
    "metadata that is a list": page({ ...wire, metadata: [] }),
    "metadata that is null": page({ ...wire, metadata: null }),
    "a number that JSON.parse makes infinite": page({ ...wire, value: JSON.parse("1e999") }),
    "one in metadata": page({ ...wire, metadata: JSON.parse('{"a":[1e999]}') }),
    "a step with a fraction": page({ ...wire, step: 1.5 }),
    "metadata nested without measure": page({ ...wire, metadata: deep(5000) }),
  })) {
    it(`not ${name}`, () => assert.isFalse(assertSame(json)));
  }
});

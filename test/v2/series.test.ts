/** Series in columns, over real sockets: all or a failure, or as they arrive. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Stream from "effect/Stream";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import * as Series from "../../src/v2/Series.ts";
import { serve, transportNames, type Transport, type Turn } from "../support/socket.ts";
import { type Envelope, envelopesOf, layerV2, ndjson } from "../support/v2.ts";

type Lines = (envelope: Envelope) => ReadonlyArray<unknown>;

const line = (event: string, data: object) => ({ event: `syvain.v2.query.${event}`, data });
const batch = (seriesName: string, from: number, to: number, metadata: object = {}) => {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  return line("series.data", {
    experimentId: "e",
    seriesName,
    metadata,
    data: {
      step: numbers.map((n) => (n === 0 ? null : n)),
      timestampMs: numbers.map((n) => 1_700_000_000_000 + n),
      value: numbers.map((n) => n / 8),
    },
  });
};
const complete = (seriesName: string, batches: number, points: number) =>
  line("experimentseries.series", { seriesName, batches, points });
const done = (series: number, batches: number, points: number) =>
  line("experimentseries.done", { series, batches, points });

const text = (lines: Lines, turn: Turn): string => {
  const [envelope] = envelopesOf(turn);
  return ndjson(
    lines(envelope!).map((one) => ({ ...(one as object), correlationId: envelope!.messageId })),
  );
};
const says =
  (lines: Lines) =>
  (turn: Turn): void =>
    void turn.response.end(text(lines, turn));

const asked = <A, E, R>(
  script: (turn: Turn) => void,
  program: Effect.Effect<A, E, R>,
  transport: Transport = "undici",
) =>
  Effect.gen(function* () {
    const server = yield* serve(script);
    const result = yield* Effect.provide(
      program,
      layerV2(transport, server, { retry: Schedule.recurs(2) }),
    );
    return { result, server };
  });

const read = Series.read("e");

it.live("are one for each name and each metadata, their batches joined, by name", () =>
  Effect.gen(function* () {
    const { result } = yield* asked(
      says(() => [
        batch("loss", 0, 3, { split: "train", rank: "0" }),
        batch("loss", 0, 2, { split: "val" }),
        // The order of the keys does not matter.
        batch("loss", 3, 5, { rank: "0", split: "train" }),
        complete("loss", 3, 7),
        batch("acc", 0, 1),
        complete("acc", 1, 1),
        complete("none", 0, 0),
        done(3, 4, 8),
      ]),
      read,
    );
    assert.deepStrictEqual(
      result.map(({ metadata, name, steps, values }) => [name, metadata, steps, values]),
      [
        ["acc", {}, [null], Float64Array.of(0)],
        [
          "loss",
          { split: "train", rank: "0" },
          [null, 1, 2, 3, 4],
          Float64Array.of(0, 1 / 8, 2 / 8, 3 / 8, 4 / 8),
        ],
        ["loss", { split: "val" }, [null, 1], Float64Array.of(0, 1 / 8)],
      ],
    );
    assert.deepStrictEqual(
      result[2]!.timestampsMs,
      Float64Array.of(1_700_000_000_000, 1_700_000_000_001),
    );
  }),
);

it.live(
  "are asked for in turns of 1,000 names, each name once, and come in the order of the names",
  () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 2500 }, (_, i) => `m${2500 - i}`);
      const { result, server } = yield* asked(
        says(({ data }) => {
          const asked = data["seriesNames"] as ReadonlyArray<string>;
          return [
            ...asked.toSorted().flatMap((name) => [batch(name, 1, 2), complete(name, 1, 1)]),
            done(asked.length, asked.length, asked.length),
          ];
        }),
        Series.read("e", { names: [...names, "m1", "m7"] }),
      );
      assert.deepStrictEqual(
        server.seen.map((turn) => (envelopesOf(turn)[0]!.data["seriesNames"] as []).length),
        [1000, 1000, 500],
      );
      assert.deepStrictEqual(
        result.map(({ name }) => name),
        names,
      );
      const { result: none, server: unasked } = yield* asked(
        says(() => []),
        Series.read("e", { names: [] }),
      );
      assert.deepStrictEqual(none, []);
      assert.deepStrictEqual(unasked.seen, []);
    }),
);

it.live("of a million points are read in chunks that end anywhere", () =>
  Effect.gen(function* () {
    const count = 1_000_000;
    const size = 50_000;
    const { result } = yield* asked(
      says(() => [
        ...Array.from({ length: count / size }, (_, i) =>
          batch("loss é", i * size, (i + 1) * size),
        ),
        complete("loss é", count / size, count),
        done(1, count / size, count),
      ]),
      read,
    );
    const [series] = result;
    assert.strictEqual(result.length, 1);
    assert.strictEqual(series!.values.length, count);
    assert.strictEqual(series!.steps[count - 1], count - 1);
    assert.isTrue(series!.values.every((value, i) => value === i / 8));
  }),
);

/** What is wrong with a stream, and where. */
const misshapen: { readonly [what: string]: readonly [lines: Lines, path: ReadonlyArray<string>] } =
  {
    "fewer points than there were": [
      () => [batch("a", 0, 2), complete("a", 1, 1), done(1, 1, 2)],
      [],
    ],
    "more batches in all": [() => [batch("a", 0, 2), complete("a", 1, 2), done(1, 2, 2)], []],
    "more series in all": [() => [batch("a", 0, 2), complete("a", 1, 2), done(2, 1, 2)], []],
    "a series that has no end": [() => [batch("a", 0, 2), done(1, 1, 2)], []],
    "points behind the end of their series": [
      () => [batch("a", 0, 2), complete("a", 1, 2), batch("a", 2, 3), done(1, 2, 3)],
      [],
    ],
    "a record behind the last": [
      () => [batch("a", 0, 2), complete("a", 1, 2), done(1, 1, 2), batch("b", 0, 1)],
      [],
    ],
    "columns of unequal length": [
      () => [
        line("series.data", {
          experimentId: "e",
          seriesName: "a",
          metadata: {},
          data: { step: [1], timestampMs: [1, 2], value: [1, 2] },
        }),
      ],
      ["data", "data"],
    ],
    "a value that is no number": [
      () => [
        line("series.data", {
          experimentId: "e",
          seriesName: "a",
          metadata: {},
          data: { step: [1], timestampMs: [1], value: [null] },
        }),
      ],
      ["data", "data", "value"],
    ],
    "a step that is not whole": [
      () => [
        line("series.data", {
          experimentId: "e",
          seriesName: "a",
          metadata: {},
          data: { step: [0.5], timestampMs: [1], value: [1] },
        }),
      ],
      ["data", "data", "step"],
    ],
    "metadata that is not flat": [
      () => [
        line("series.data", { experimentId: "e", seriesName: "a", metadata: { a: 1 }, data: {} }),
      ],
      ["data", "metadata"],
    ],
    "a record of another kind": [() => [line("something.else", {})], ["event"]],
  };

for (const transport of transportNames) {
  describe(transport, () => {
    for (const [what, [lines, path]] of Object.entries(misshapen)) {
      it.live(`with ${what} are a response error`, () =>
        Effect.gen(function* () {
          const { result: error, server } = yield* asked(says(lines), Effect.flip(read), transport);
          assert(error._tag === "MetricsApiResponseError");
          assert.deepStrictEqual(error.path, path);
          assert.strictEqual(server.seen.length, 1);
        }),
      );
    }

    it.live("that are cut short are asked for again, and nothing of the first answer is left", () =>
      Effect.gen(function* () {
        const { result, server } = yield* asked(
          (turn) =>
            turn.n === 1
              ? void turn.response.write(
                  text(() => [batch("a", 0, 2), batch("b", 0, 2)], turn),
                  () => turn.socket.resetAndDestroy(),
                )
              : says(() => [batch("a", 4, 6), complete("a", 1, 2), done(1, 1, 2)])(turn),
          read,
          transport,
        );
        assert.strictEqual(server.seen.length, 2);
        assert.deepStrictEqual(
          result.map(({ name, steps }) => [name, steps]),
          [["a", [4, 5]]],
        );
      }),
    );

    it.live("as they arrive fail when they end too early, with what was given out before", () =>
      Effect.gen(function* () {
        const given: Array<Series.Series> = [];
        const { result: error } = yield* asked(
          says(() => [batch("a", 0, 2), batch("b", 0, 2)]),
          Effect.flip(
            Stream.runForEach(Series.stream("e"), (one) => Effect.sync(() => given.push(one))),
          ),
          transport,
        );
        const { _tag, attempts } = error as MetricsApiError & { readonly attempts: number };
        assert.deepStrictEqual([_tag, attempts], ["MetricsApiRequestError", 1]);
        assert.isTrue(error._tag === "MetricsApiRequestError" && error.retryable);
        assert.deepStrictEqual(
          given.map(({ name }) => name),
          ["a", "b"],
        );
      }),
    );

    it.live("as they arrive are read no further ahead than what is on its way", () =>
      Effect.gen(function* () {
        const count = 400;
        const points = 5000;
        let [written, read, furthest] = [0, 0, 0];
        const { result } = yield* asked(
          async (turn) => {
            const whole = text(
              () => [
                batch("a", 0, points),
                complete("a", count, count * points),
                done(1, count, count * points),
              ],
              turn,
            );
            const first = whole.indexOf("\n") + 1;
            const line = whole.slice(0, first);
            for (; written < count; written++) {
              if (!turn.response.write(line)) {
                await new Promise((resolve) => turn.response.once("drain", resolve));
              }
            }
            turn.response.end(whole.slice(first));
          },
          Series.stream("e").pipe(
            Stream.mapEffect(({ values }) =>
              Effect.promise(async () => {
                // Time for the service to write on.
                for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
                furthest = Math.max(furthest, written - read++);
                return values.length;
              }),
            ),
            Stream.runFold(
              () => 0,
              (sum, length) => sum + length,
            ),
          ),
          transport,
        );
        assert.strictEqual(result, count * points);
        // Of some 60 MB in all.
        assert.isBelow(furthest, count / 4);
      }),
    );

    it.live("as they arrive are there before the rest is", () =>
      Effect.gen(function* () {
        let go = (): void => {};
        const { result } = yield* asked(
          (turn) => {
            const all = text(() => [batch("a", 0, 2), complete("a", 1, 2), done(1, 1, 2)], turn);
            const first = all.indexOf("\n") + 1;
            turn.response.write(all.slice(0, first));
            go = () => void turn.response.end(all.slice(first));
          },
          Stream.runForEach(Series.stream("e"), () => Effect.sync(() => go())),
          transport,
        );
        assert.isUndefined(result);
      }),
    );
  });
}

it.live("that are silent for too long are asked for again", () =>
  Effect.gen(function* () {
    const { result, server } = yield* asked(
      (turn) =>
        turn.n === 1
          ? void turn.response.write(text(() => [batch("a", 0, 2)], turn))
          : says(() => [done(0, 0, 0)])(turn),
      RequestPolicy.withPolicy(read, { timeout: "300 millis" }),
    );
    assert.deepStrictEqual(result, []);
    assert.strictEqual(server.seen.length, 2);
  }),
);

it.live("are not asked for when the question is wrong, and the place is named", () =>
  Effect.gen(function* () {
    const wrong: ReadonlyArray<readonly [options: object, path: ReadonlyArray<string | number>]> = [
      [{ names: [""] }, ["names", 0]],
      [{ names: "loss" }, ["names"]],
      [{ where: { split: 1 } }, ["where", "split"]],
      [{ has: [""] }, ["has", 0]],
      [{ x: "value" }, ["x"]],
      [{ step: 1 }, ["step"]],
    ];
    for (const [options, path] of wrong) {
      const { result: error, server } = yield* asked(
        says(() => []),
        Effect.flip(Series.read("e", options)),
      );
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "InvalidRequest");
      assert.deepStrictEqual(error.reason.path, path);
      assert.deepStrictEqual(server.seen, []);
    }
  }),
);

import { assert, describe, it } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import { accept, event, events, taking } from "../support/ingest-all.ts";
import { inVirtualTime } from "../support/virtual-time.ts";

const MiB = 1024 * 1024;
const ids = (taken: ReadonlyArray<{ readonly ids: ReadonlyArray<string> }>) =>
  taken.flatMap(({ ids }) => ids);
const numbers = (n: number) => Array.from({ length: n }, (_, i) => String(i));

describe("a batch closes", () => {
  it.effect("at 1,000 events", () =>
    Effect.gen(function* () {
      const { taken, live } = taking();
      const result = yield* Metrics.ingestAll("e", events(2500)).pipe(live);
      assert.deepStrictEqual(result, {
        acknowledged: 2500,
        batches: 3,
        mode: "queued",
        invalid: [],
      });
      assert.deepStrictEqual(
        taken.map(({ ids }) => ids.length).toSorted((a, b) => b - a),
        [1000, 1000, 500],
      );
    }),
  );

  it.effect("at 1,000 events, and does not wait for one more", () =>
    Effect.gen(function* () {
      const { taken, live } = taking();
      const full = yield* Deferred.make<void>();
      const paused = Stream.concat(Stream.fromIterable(events(1000)), Stream.never);
      const ingesting = yield* Metrics.ingestAll("e", paused, {
        onProgress: () => Deferred.succeed(full, undefined),
      }).pipe(live, Effect.forkChild);
      yield* Deferred.await(full);
      assert.deepStrictEqual(
        taken.map(({ ids }) => ids.length),
        [1000],
      );
      yield* Fiber.interrupt(ingesting);
    }),
  );

  const sizedBy = (unit: string) => (i: number, length: number) => ({
    ...event(i),
    metadata: { a: unit.repeat(length) },
  });
  for (const [what, sized] of [
    ["ASCII", sizedBy("x")],
    ["characters of two bytes", sizedBy("é")],
    ["of three", sizedBy("€")],
    ["of four", sizedBy("\u{1f511}")],
    ["escapes", sizedBy('"\\\n\u0001')],
    ["lone surrogates", sizedBy("\ud800")],
    ["metadata of many events", (i) => ({ ...event(i), metadata: { a: "\n€".repeat(3000) } })],
    [
      "metadata, deep in every third event",
      (i, length) => {
        const a = "\n€".repeat(length);
        return { ...event(i), metadata: { a: i % 3 === 0 ? [a] : a } };
      },
    ],
  ] satisfies ReadonlyArray<[string, (i: number, length: number) => Metrics.MetricInput]>) {
    it.effect(`before its body would be larger than 1 MiB: ${what}`, () =>
      Effect.gen(function* () {
        const { taken, live } = taking();
        const many = Array.from({ length: 900 }, (_, i) => sized(i, 1 + ((i * 7919) % 3000)));
        yield* Metrics.ingestAll("e", many, { concurrency: 1 }).pipe(live);
        assert.deepStrictEqual(ids(taken), numbers(900));
        assert.isAbove(taken.length, 1);
        for (const [i, { bytes, text }] of taken.entries()) {
          assert.isAtMost(bytes, MiB);
          // The next event would have been too much.
          const next = taken[i + 1]?.text.slice('{"data":['.length);
          if (next === undefined) continue;
          const first = JSON.stringify(JSON.parse(`[${next.slice(0, -"]}".length)}]`)[0]);
          const more = Buffer.byteLength(first) + 1;
          assert.isAbove(bytes + more, MiB, text.slice(0, 40));
        }
      }),
    );
  }

  it.effect("to the byte", () =>
    Effect.gen(function* () {
      const one = Buffer.byteLength(
        '{"data":[{"client_event_id":"0","name":"€","value":0,"step":null}]}',
      );
      for (const [maxBatchBytes, batches] of [
        [one * 2 - 11, 2],
        [one * 2 - 11 + 1, 1],
      ] as const) {
        const { taken, live } = taking();
        const two = [event(0, "€"), event(1, "€")];
        yield* Metrics.ingestAll("e", two, { maxBatchBytes }).pipe(live);
        assert.lengthOf(taken, batches);
      }
    }),
  );

  it.effect("with a single event that is larger than that", () =>
    Effect.gen(function* () {
      const { taken, live } = taking();
      const many = [event(0), { ...event(1), metadata: { a: "x".repeat(2 * MiB) } }, event(2)];
      yield* Metrics.ingestAll("e", many, { concurrency: 1 }).pipe(live);
      assert.deepStrictEqual(
        taken.map(({ ids }) => ids),
        [["0"], ["1"], ["2"]],
      );
    }),
  );

  it.effect("and where the caller says", () =>
    Effect.gen(function* () {
      const { taken, live } = taking();
      yield* Metrics.ingestAll("e", events(10), { maxBatchEvents: 3, concurrency: 1 }).pipe(live);
      assert.deepStrictEqual(
        taken.map(({ ids }) => ids.length),
        [3, 3, 3, 1],
      );
    }),
  );
});

it.effect("what was read is what is sent, whatever becomes of its metadata", () =>
  Effect.gen(function* () {
    const { taken, live } = taking();
    const metadata = { flat: 0, deep: { not: true } };
    const { deep, ...flat } = metadata;
    const many = Stream.range(0, 9).pipe(
      Stream.rechunk(1),
      Stream.map((i) => {
        flat.flat = metadata.flat = i;
        return { ...event(i), metadata: i % 3 === 0 ? metadata : flat };
      }),
    );
    yield* Metrics.ingestAll("e", many).pipe(live);
    const { data } = JSON.parse(taken[0]?.text ?? "");
    assert.deepStrictEqual(
      data,
      events(10).map(({ name, value }, i) => ({
        client_event_id: String(i),
        name,
        value,
        step: null,
        metadata: i % 3 === 0 ? { flat: i, deep } : { flat: i },
      })),
    );
  }),
);

it.effect(
  "an event is read when it is pulled, also from a generator that gives out one object",
  () =>
    Effect.gen(function* () {
      const { taken, live } = taking();
      const one = { clientEventId: "", name: "loss", value: 0, metadata: { i: 0, deep: [0] } };
      const reusing = function* () {
        for (let i = 0; i < 5; i++) {
          one.clientEventId = String(i);
          one.value = one.metadata.i = one.metadata.deep[0] = i;
          yield one;
        }
      };
      yield* Metrics.ingestAll("e", reusing()).pipe(live);
      const { data } = JSON.parse(taken[0]?.text ?? "");
      assert.deepStrictEqual(
        data.map(({ value, metadata }: Metrics.MetricInput) => [value, metadata]),
        [0, 1, 2, 3, 4].map((i) => [i, { i, deep: [i] }]),
      );
    }),
);

it.effect("no events are no request", () =>
  Effect.gen(function* () {
    const { taken, live } = taking();
    for (const none of [[], Stream.empty, new Set<Metrics.MetricInput>()]) {
      const result = yield* Metrics.ingestAll("e", none).pipe(live);
      assert.deepStrictEqual(result, {
        acknowledged: 0,
        batches: 0,
        mode: undefined,
        invalid: [],
      });
    }
    assert.lengthOf(taken, 0);
  }),
);

describe("events come from", () => {
  function* generator() {
    for (let i = 0; i < 5000; i++) yield event(i);
  }
  const sources = {
    "an array": () => Metrics.ingestAll("e", events(5000)),
    "a generator": () => Metrics.ingestAll("e", generator()),
    "a stream": () =>
      Metrics.ingestAll("e", Stream.range(0, 4999).pipe(Stream.map((n) => event(n)))),
    "a stream, by way of a sink": () =>
      Stream.fromIterable(generator()).pipe(Stream.run(Metrics.sink("e"))),
  };
  for (const [what, ingest] of Object.entries(sources)) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { taken, live } = taking();
        const { acknowledged, batches } = yield* ingest().pipe(live);
        assert.deepStrictEqual([acknowledged, batches], [5000, 5]);
        assert.sameMembers(ids(taken), numbers(5000));
        assert.lengthOf(new Set(taken.map(({ key }) => key)), 5);
      }),
    );
  }
});

it.effect(
  "four requests are under way at a time, and no more is read meanwhile than they need",
  () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>();
      const { taken, live } = taking((one, n) =>
        Effect.andThen(Deferred.await(gate), accept(one, n)),
      );
      let read = 0;
      const endless = Stream.fromIterable(
        (function* () {
          for (; read < 100_000; read++) yield event(read);
        })(),
        { chunkSize: 100 },
      );
      const fiber = yield* Metrics.ingestAll("e", endless, { maxBatchEvents: 100 }).pipe(
        live,
        Effect.forkChild,
      );
      yield* Effect.yieldNow.pipe(Effect.repeat({ times: 1000 }));
      assert.lengthOf(taken, 4);
      assert.isBelow(read, 4000);
      yield* Deferred.succeed(gate, undefined);
      const { acknowledged } = yield* Fiber.join(fiber);
      assert.strictEqual(acknowledged, 100_000);
    }),
);

it.effect("a batch that the service finds too large is halved, and halved again", () =>
  Effect.gen(function* () {
    const tooMany = Effect.succeed(new Response(null, { status: 413 }));
    const { taken, live } = taking((one, n) => (one.ids.length > 30 ? tooMany : accept(one, n)));
    const result = yield* Metrics.ingestAll("e", events(100), { concurrency: 1 }).pipe(live);
    assert.deepStrictEqual(result, {
      acknowledged: 100,
      batches: 4,
      mode: "queued",
      invalid: [],
    });
    const stored = taken.filter(({ ids }) => ids.length <= 30);
    assert.deepStrictEqual(ids(stored), numbers(100));
    assert.lengthOf(new Set(taken.map(({ key }) => key)), taken.length);
  }),
);

it.effect("the caller is told after every batch", () =>
  Effect.gen(function* () {
    const { live } = taking();
    const told: Array<Metrics.IngestAllProgress> = [];
    yield* Metrics.ingestAll("e", events(250), {
      maxBatchEvents: 100,
      concurrency: 1,
      onProgress: (progress) => Effect.sync(() => void told.push(progress)),
    }).pipe(live);
    assert.deepStrictEqual(
      told,
      [100, 200, 250].map((n, i) => ({
        acknowledged: n,
        batches: i + 1,
        invalid: [],
      })),
    );
  }),
);

it.effect(
  "a batch has the retries of any other call, under one key, and stores its events once",
  () =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.create({ slug: "a" });
      yield* Faults.dropAfter({ match: { operation: "Metrics.ingest" }, times: 2 });
      yield* Faults.status(503, { match: { operation: "Metrics.ingest" } });
      const timestamp = yield* DateTime.now;
      const many = events(2500).map((event, step) => ({
        ...event,
        step,
        timestamp,
        metadata: { split: "val", deep: { a: [1] } },
      }));
      const result = yield* inVirtualTime(Metrics.ingestAll(experiment.id, many, { sync: true }));
      assert.deepStrictEqual([result.acknowledged, result.mode], [2500, "sync"]);
      yield* inVirtualTime(Metrics.ingestAll(experiment.id, many));
      const { rows } = yield* Metrics.list(experiment.id, { limit: 10_000 });
      assert.deepStrictEqual(
        rows.map(({ metricValue, step, metadata }) => [metricValue, step, metadata]),
        many.map(({ value, step, metadata }) => [value, step, metadata]),
      );
    }).pipe(Effect.provide(MetricsServer.layerClient())),
);

it.effect("several modes are mixed", () =>
  Effect.gen(function* () {
    const { live } = taking((_, n) =>
      Effect.succeed(
        Response.json({ data: { ok: true, mode: n === 1 ? "sync" : "queued" }, error: null }),
      ),
    );
    const result = yield* Metrics.ingestAll("e", events(2000), { concurrency: 1 }).pipe(live);
    assert.strictEqual(result.mode, "mixed");
  }),
);

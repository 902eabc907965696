import { assert, describe, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as DateTime from "effect/DateTime";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { TestClock } from "effect/testing";
import * as Annotations from "../src/Annotations.ts";
import * as ClientEventId from "../src/ClientEventId.ts";
import * as Collector from "../src/Collector.ts";
import * as Experiments from "../src/Experiments.ts";
import * as Metrics from "../src/Metrics.ts";
import * as Faults from "../src/testing/Faults.ts";
import { inMemory, requestsOf, stored } from "./support/recording.ts";

describe("a recorder", () => {
  it.effect("stores what was recorded, with the id that the event has everywhere", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 31));
      const recorder = yield* Collector.experiment({ slug: "iris", metadata: { a: 1 } });
      const metadata = { split: "val", nested: { deep: [1, null, "é\n\u2028"] } };
      yield* recorder.metric("loss", 0.5, { step: 3, metadata });
      yield* recorder.metric("note", -0);
      assert.isTrue(recorder.metricUnsafe("acc", 1e-7, { step: 0 }));
      yield* recorder.annotation("halved", { step: 3 });
      yield* recorder.flushOrFail;

      const metrics = yield* Stream.runCollect(Metrics.stream(recorder.experiment.id));
      const at = DateTime.makeUnsafe("2026-01-31T00:00:00.000Z");
      const [loss, note, acc] = metrics;
      assert.deepStrictEqual(loss, {
        clientEventId: ClientEventId.make({ run: "iris", name: "loss", step: 3, metadata }),
        name: "loss",
        value: 0.5,
        step: 3,
        timestamp: at,
        metadata,
      });
      assert.strictEqual(note?.step, null);
      assert.strictEqual(acc?.value, 1e-7);
      const [annotation] = yield* Stream.runCollect(Annotations.stream(recorder.experiment.id));
      assert.strictEqual(annotation?.text, "halved");
      assert.deepStrictEqual(yield* recorder.summary, {
        delivered: 4,
        pending: 0,
        dropped: 0,
        refused: 0,
        invalid: 0,
      });
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("finds the experiment whose slug is taken", () =>
    Effect.gen(function* () {
      const recorders = yield* Effect.forEach(
        [1, 2, 3, 4],
        () => Collector.experiment({ slug: "iris" }),
        { concurrency: 4 },
      );
      assert.strictEqual(new Set(recorders.map(({ experiment }) => experiment.id)).size, 1);
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("knows an event with a step again, and an event without never", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      for (let i = 0; i < 3; i++) {
        yield* recorder.metric("loss", i, { step: 1 });
        yield* recorder.metric("heartbeat", i);
      }
      yield* recorder.flushOrFail;
      const names = yield* stored(recorder.experiment.id);
      assert.deepStrictEqual(names.toSorted(), [
        "heartbeat/null",
        "heartbeat/null",
        "heartbeat/null",
        "loss/1",
      ]);
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("sends a batch at 1,000 events, and one that is a second old", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      const batches = Effect.map(requestsOf("Metrics.ingest"), (requests) =>
        requests.map(({ body }) => (body as { metrics: Array<unknown> }).metrics.length),
      );
      for (let step = 0; step < 2500; step++) yield* recorder.metric("loss", 1, { step });
      yield* TestClock.adjust(1);
      assert.deepStrictEqual(yield* batches, [1000, 1000]);
      yield* TestClock.adjust(998);
      assert.deepStrictEqual(yield* batches, [1000, 1000]);
      yield* TestClock.adjust(1);
      assert.deepStrictEqual(yield* batches, [1000, 1000, 500]);
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("sends a batch before it is over a mebibyte", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      const metadata = { text: "é".repeat(30_000) };
      for (let step = 0; step < 40; step++) yield* recorder.metric("loss", 1, { step, metadata });
      yield* recorder.flush;
      const sizes = (yield* requestsOf("Metrics.ingest")).map(
        ({ body }) => new TextEncoder().encode(JSON.stringify(body)).byteLength,
      );
      assert.lengthOf(sizes, 3);
      for (const size of sizes) assert.isBelow(size, 1024 * 1024 + 100);
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("keeps its events while the service is away, and sends each once", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(503, { times: 12, match: { operation: "Metrics.ingest" } });
      yield* Faults.dropAfter({ times: 3, match: { operation: "Metrics.ingest" } });
      for (let step = 0; step < 3000; step++) yield* recorder.metric("loss", 1, { step });
      const flushing = yield* Effect.forkChild(recorder.flush);
      yield* TestClock.adjust("10 minutes");
      yield* Fiber.join(flushing);
      const names = yield* stored(recorder.experiment.id);
      assert.lengthOf(names, 3000);
      assert.strictEqual(new Set(names).size, 3000);
      yield* recorder.flushOrFail;
    }).pipe(Effect.provide(inMemory())),
  );

  /** The seconds in which metrics were sent. */
  const sendings = (seconds: number) =>
    Effect.gen(function* () {
      const at: Array<number> = [];
      let before = 0;
      for (let second = 1; second <= seconds; second++) {
        yield* TestClock.adjust("1 second");
        const { length } = yield* requestsOf("Metrics.ingest");
        if (length > before) at.push(second);
        before = length;
      }
      return at;
    });
  const refusing = { times: Infinity, match: { operation: "Metrics.ingest" } } as const;

  it.effect("waits twice as long after every failure, half a minute at most", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(404, refusing);
      yield* recorder.metric("loss", 1);
      assert.deepStrictEqual(yield* sendings(100), [1, 2, 4, 8, 16, 32, 62, 92]);
      yield* Faults.clear;
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("waits as long as the service asks for", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(429, { ...refusing, retryAfter: "70" });
      yield* recorder.metric("loss", 1);
      assert.deepStrictEqual(yield* sendings(150), [1, 71, 141]);
      yield* Faults.clear;
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("tries again at once when it is told to flush", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(404, { match: { operation: "Metrics.ingest" } });
      yield* recorder.metric("loss", 1);
      const failed = yield* Effect.flip(recorder.flushOrFail);
      assert.strictEqual(failed.pending, 1);
      assert.match(
        failed.message,
        /^Not all events of iris are delivered: 1 wait to be sent \(Metrics\.ingest: 404/,
      );
      // No time goes by.
      yield* recorder.flushOrFail;
    }).pipe(Effect.provide(inMemory())),
  );
});

describe("the run of a recorder", () => {
  const ends: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>, string]> = [
    ["returns", Effect.succeed(1), "done"],
    ["fails", Effect.fail("no"), "failed"],
    ["dies", Effect.die(new Error("no")), "failed"],
    ["is interrupted", Effect.interrupt, "cancelled"],
    ["runs out of time", Effect.timeout(Effect.never, "1 second"), "failed"],
  ];
  for (const [how, job, status] of ends) {
    it.effect(`that ${how} is ${status}, and ends as it did`, () =>
      Effect.gen(function* () {
        const id = yield* Effect.scoped(
          Effect.gen(function* () {
            const recorder = yield* Collector.experiment({ slug: "iris" });
            const running = yield* Effect.forkChild(
              Effect.exit(recorder.run(Effect.andThen(recorder.metric("loss", 1), job))),
            );
            yield* TestClock.adjust("1 minute");
            const exit = yield* Fiber.join(running);
            assert.strictEqual(Exit.isSuccess(exit), status === "done");
            return recorder.experiment.id;
          }),
        );
        const { experiment } = yield* Experiments.get(id);
        assert.strictEqual(experiment.status, status);
        assert.lengthOf(yield* stored(id), 1);
      }).pipe(Effect.provide(inMemory())),
    );
  }

  it.effect("is running while it runs, and is told to have ended after its last event", () =>
    Effect.gen(function* () {
      const ready = yield* Deferred.make<string>();
      const job = yield* Effect.forkChild(
        Effect.scoped(
          Effect.gen(function* () {
            const recorder = yield* Collector.experiment({ slug: "iris" });
            yield* recorder.run(
              Effect.gen(function* () {
                yield* Deferred.succeed(ready, recorder.experiment.id);
                yield* Effect.sleep("1 minute");
                yield* recorder.metric("loss", 1);
              }),
            );
          }),
        ),
      );
      const id = yield* Deferred.await(ready);
      yield* TestClock.adjust("30 seconds");
      assert.strictEqual((yield* Experiments.get(id)).experiment.status, "running");
      yield* TestClock.adjust("30 seconds");
      yield* Fiber.join(job);
      const last = (yield* requestsOf("Experiments.patch")).at(-1);
      assert.deepStrictEqual(last?.body, { status: "done" });
      assert.lengthOf(yield* stored(id), 1);
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("keeps the cause whole", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      const exit = yield* Effect.exit(recorder.run(Effect.die("why")));
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) === "why");
    }).pipe(Effect.provide(inMemory())),
  );
});

describe("the end of a recorder", () => {
  const closing = (slugs: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const job = yield* Effect.forkChild(
        Effect.scoped(
          Effect.gen(function* () {
            const recorders = yield* Effect.forEach(slugs, (slug) =>
              Collector.experiment({ slug }),
            );
            yield* Faults.delay("1 day", { times: Infinity });
            for (const recorder of recorders) yield* recorder.metric("loss", 1);
          }),
        ),
      );
      for (let seconds = 0; seconds < 100; seconds++) {
        if (job.pollUnsafe() !== undefined) return seconds;
        yield* TestClock.adjust("1 second");
      }
      return Infinity;
    }).pipe(Effect.provide(inMemory()));

  it.effect("waits ten seconds for a service that does not answer", () =>
    Effect.map(closing(["iris"]), (seconds) => assert.strictEqual(seconds, 10)),
  );

  it.effect("does so once for all recorders of a process", () =>
    Effect.map(closing(["a", "b", "c"]), (seconds) => assert.strictEqual(seconds, 10)),
  );
});

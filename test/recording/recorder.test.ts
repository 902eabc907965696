import { assert, describe, it } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { TestClock } from "effect/testing";
import * as Annotations from "../../src/Annotations.ts";
import * as ClientEventId from "../../src/ClientEventId.ts";
import * as Collector from "../../src/Collector.ts";
import * as Faults from "../../src/testing/Faults.ts";
import type { LoggedRequest } from "../../src/testing/MetricsServer.ts";
import { operation, over } from "../support/api.ts";
import { inMemory, requestsOf, stored } from "../support/recording.ts";

/** The metrics of a request, in the words of v1. */
const metricsOf = ({ body, events }: LoggedRequest): ReadonlyArray<{ client_event_id: unknown }> =>
  events.length === 0
    ? (body as { data: Array<{ client_event_id: string }> }).data
    : events.map(({ data, messageId }) => ({
        client_event_id: messageId,
        name: data["metricName"],
        value: data["metricValue"],
        step: data["step"],
        metadata: data["meta"],
        timestamp_ms: data["timestampMs"],
      }));

describe("a recorder", () => {
  it.effect("stores what was recorded, with the id that the event has everywhere", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 31));
      const recorder = yield* Collector.experiment({ slug: "iris", metadata: { a: 1 } });
      const metadata = { split: "val", nested: { deep: [1, null, "é\n\u2028"] } };
      yield* recorder.metric("loss", 0.5, { step: 3, metadata });
      yield* recorder.metric("note", -0, { timestamp: DateTime.makeUnsafe(5) });
      assert.isTrue(recorder.metricUnsafe("acc", 1e-7, { step: 0 }));
      yield* recorder.annotation("halved", { step: 7, metadata });
      yield* recorder.annotation("and again");
      yield* recorder.flushOrFail;

      const timestamp_ms = Date.UTC(2026, 0, 31);
      const [ingested] = yield* requestsOf(operation.metrics);
      const data = metricsOf(ingested!);
      // In v2 metadata is there always, and texts; and so is a step.
      const none = over({ v1: {}, v2: { metadata: {} } });
      assert.deepStrictEqual<unknown>(data, [
        {
          client_event_id: ClientEventId.make({ run: "iris", name: "loss", step: 3, metadata }),
          name: "loss",
          value: 0.5,
          step: 3,
          metadata: over({
            v1: metadata,
            v2: { split: "val", nested: JSON.stringify(metadata.nested) },
          }),
          timestamp_ms,
        },
        {
          client_event_id: data[1]?.client_event_id,
          name: "note",
          value: 0,
          step: over({ v1: null, v2: 0 }),
          ...none,
          timestamp_ms: 5,
        },
        {
          client_event_id: ClientEventId.make({ run: "iris", name: "acc", step: 0 }),
          name: "acc",
          value: 1e-7,
          step: 0,
          ...none,
          timestamp_ms,
        },
      ]);
      assert.lengthOf(yield* requestsOf(operation.annotate), 2);
      assert.lengthOf(yield* stored((yield* recorder.experiment).id), 3);
      const { annotations } = yield* Annotations.list((yield* recorder.experiment).id);
      assert.deepStrictEqual<unknown>(
        annotations.map(({ annotation, metadata }) => ({ annotation, metadata })),
        [
          { annotation: "and again", metadata: {} },
          { annotation: "halved", metadata: { ...metadata, step: 7 } },
        ],
      );
      assert.deepStrictEqual(yield* recorder.summary, {
        delivered: 5,
        pending: 0,
        dropped: 0,
        refused: 0,
        invalid: 0,
        late: 0,
      });
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
      const names = yield* stored((yield* recorder.experiment).id);
      // Every metric of v2 has a step.
      const steps = over({ v1: [null, null, null], v2: [0, 1, 2] });
      assert.deepStrictEqual(names.toSorted(), [
        ...steps.map((step) => `heartbeat/${step}`),
        "loss/1",
      ]);
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("sends a batch at 1,000 events, and one that is a second old", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      const batches = Effect.map(requestsOf(operation.metrics), (requests) =>
        requests.map((request) => metricsOf(request).length),
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
      const sizes = (yield* requestsOf(operation.metrics)).map(
        ({ body }) => new TextEncoder().encode(JSON.stringify(body)).byteLength,
      );
      assert.lengthOf(sizes, 3);
      for (const size of sizes) assert.isBelow(size, 1024 * 1024 + 100);
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("keeps its events while the service is away, and sends each once", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(503, { times: 12, match: { operation: operation.metrics } });
      yield* Faults.dropAfter({ times: 3, match: { operation: operation.metrics } });
      for (let step = 0; step < 3000; step++) yield* recorder.metric("loss", 1, { step });
      const flushing = yield* Effect.forkChild(recorder.flush);
      yield* TestClock.adjust("10 minutes");
      yield* Fiber.join(flushing);
      const names = yield* stored((yield* recorder.experiment).id);
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
        const { length } = yield* requestsOf(operation.metrics);
        if (length > before) at.push(second);
        before = length;
      }
      return at;
    });
  const refusing = { times: Infinity, match: { operation: operation.metrics } } as const;

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

  it.effect("and for an hour at the most", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(429, { ...refusing, retryAfter: "3000000" });
      yield* recorder.metric("loss", 1);
      assert.deepStrictEqual(yield* sendings(8000), [1, 3601, 7201]);
      yield* Faults.clear;
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("tries again at once when it is told to flush", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(404, { match: { operation: operation.metrics } });
      yield* recorder.metric("loss", 1);
      const failed = yield* Effect.flip(recorder.flushOrFail);
      assert.strictEqual(failed.pending, 1);
      assert.match(
        failed.message,
        /^Not all events of iris are delivered: 1 wait to be sent \((Metrics\.ingest|Runs\.metrics): 404/,
      );
      // No time goes by.
      yield* recorder.flushOrFail;
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

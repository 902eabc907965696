import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { TestClock } from "effect/testing";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Layer from "effect/Layer";
import * as Annotations from "../../src/Annotations.ts";
import * as Collector from "../../src/Collector.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as Spool from "../../src/Spool.ts";
import * as Faults from "../../src/testing/Faults.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import { api, operation, over } from "../support/api.ts";
import { listening } from "../support/logs.ts";
import { inMemory, requestsOf, stored } from "../support/recording.ts";

/** A service that will not have some metrics: it answers a batch that holds one as it is told. */
const refusing = (status: number, isBad: (body: string) => boolean) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.make((request) => {
        const body =
          request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "";
        return isBad(body)
          ? Effect.succeed(
              HttpClientResponse.fromWeb(
                request,
                new Response('{"error":{"message":"no"}}', { status }),
              ),
            )
          : client.execute(request);
      }),
    ),
  );

const withRefusals = (status: number, isBad: (body: string) => boolean) =>
  Collector.layer({ api }).pipe(
    Layer.provideMerge(Spool.layerMemory()),
    Layer.provideMerge(refusing(status, isBad)),
    Layer.provideMerge(MetricsServer.layerClient()),
  );

describe("an event that is none", () => {
  const circle: Record<string, never> = {};
  Object.assign(circle, { circle });
  const throwing = {
    get metadata(): never {
      throw new TypeError("not now");
    },
  };
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const bad: ReadonlyArray<readonly [string, string, number, unknown]> = [
    ["NaN", "loss", Number.NaN, {}],
    ["an infinity", "loss", Infinity, {}],
    ["a string for a number", "loss", "1" as never, {}],
    ["no name", "", 1, {}],
    ["a name of 501 characters", "x".repeat(501), 1, {}],
    ["a broken step", "loss", 1, { step: 1.5 }],
    ["a step below zero", "loss", 1, { step: -1 }],
    ["metadata over its size", "loss", 1, { metadata: { a: "é".repeat(40_000) } }],
    ["NaN in metadata", "loss", 1, { metadata: { a: { b: Number.NaN } } }],
    ["a Date in metadata", "loss", 1, { metadata: { a: new Date() } }],
    ["undefined in metadata", "loss", 1, { metadata: { a: [undefined] } }],
    ["an array for metadata", "loss", 1, { metadata: [1] }],
    ["a circle", "loss", 1, { metadata: circle }],
    ["a circle, and a step", "loss", 1, { step: 1, metadata: circle }],
    ["a BigInt", "loss", 1, { step: 1, metadata: { a: 1n } }],
    ["a getter that throws", "loss", 1, { step: 1, metadata: throwing }],
    ["a revoked proxy", "loss", 1, { step: 1, metadata: revoked() }],
    ["options that throw", "loss", 1, throwing],
    ["a name that is a BigInt", 1n as never, 1, {}],
  ];
  for (const [what, name, value, options] of bad) {
    it.effect(`${what} is left out and counted, and costs nothing else`, () =>
      Effect.gen(function* () {
        const recorder = yield* Collector.experiment({ slug: "iris" });
        yield* recorder.metric("loss", 1, { step: 1 });
        yield* recorder.metric(name, value, options as Collector.EventOptions);
        assert.isFalse(recorder.metricUnsafe(name, value, options as Collector.EventOptions));
        yield* recorder.metric("loss", 2, { step: 2 });
        const error = yield* Effect.flip(recorder.flushOrFail);
        assert.deepInclude(error, { pending: 0, dropped: 0, refused: 0, invalid: 2 });
        assert.deepStrictEqual(yield* stored((yield* recorder.experiment).id), [
          "loss/1",
          "loss/2",
        ]);
      }).pipe(Effect.provide([inMemory(), listening().layer])),
    );
  }

  const reasons: ReadonlyArray<readonly [string, unknown, string]> = [
    ["a circle", circle, "metadata.circle: expected JSON"],
    ["a BigInt", { a: { b: 1n } }, "metadata.a.b: expected JSON"],
    [
      "a getter that throws",
      throwing,
      "metadata: expected what can be read, and reading it threw (TypeError)",
    ],
    [
      "a revoked proxy",
      revoked(),
      "metadata: expected what can be read, and reading it threw (TypeError)",
    ],
  ];
  for (const [what, metadata, reason] of reasons) {
    it.effect(`${what} is left out for its true reason`, () => {
      const { said, layer } = listening();
      return Effect.gen(function* () {
        const recorder = yield* Collector.experiment({ slug: "iris" });
        yield* recorder.metric("loss", 1, { step: 1, metadata: metadata as never });
        yield* recorder.annotation("note", { metadata: metadata as never });
        yield* TestClock.adjust(0);
        assert.lengthOf(said, 2);
        for (const line of said) assert.include(line, reason);
      }).pipe(Effect.provide([inMemory(), layer]));
    });
  }

  it.effect("a field that is undefined is left out, as JSON does it, and not the event", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      const metadata = { split: undefined, seed: 1 } as never;
      yield* recorder.metric("loss", 1, { step: 1, metadata });
      // The same event.
      yield* recorder.metric("loss", 1, { step: 1, metadata: { seed: 1 } });
      yield* recorder.metric("loss", 1, {
        step: 2,
        metadata: { deep: { a: undefined, b: 1 } } as never,
      });
      yield* recorder.annotation("note", { metadata });
      yield* recorder.flushOrFail;
      const { rows } = yield* Metrics.list((yield* recorder.experiment).id);
      assert.deepStrictEqual(
        rows.map(({ metadata }) => metadata),
        // In v2 they are texts.
        over<unknown, unknown>({
          v1: [{ seed: 1 }, { deep: { b: 1 } }],
          v2: [{ seed: "1" }, { deep: '{"b":1}' }],
        }),
      );
      const { annotations } = yield* Annotations.list((yield* recorder.experiment).id);
      assert.deepStrictEqual(annotations[0]?.metadata, { seed: 1 });
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("is warned of once per name", () => {
    const { said, layer } = listening();
    return Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      for (let i = 0; i < 100; i++) {
        yield* recorder.metric("loss", Number.NaN);
        recorder.metricUnsafe("accuracy", Number.NaN);
        yield* recorder.annotation("x".repeat(16_001));
      }
      yield* TestClock.adjust(0);
      assert.lengthOf(said, 3);
      assert.match(
        said[0]!,
        /^An event of metric "loss" of iris is left out: value: expected a finite number/,
      );
      assert.strictEqual((yield* recorder.summary).invalid, 300);
    }).pipe(Effect.provide([inMemory(), layer]));
  });
});

describe("an event that the service refuses", () => {
  it.effect("is found, counted and told of, and costs no other", () => {
    const { said, layer } = listening();
    return Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      for (let step = 0; step < 1500; step++) {
        const name = step === 700 || step === 1200 ? "bad" : "loss";
        yield* recorder.metric(name, 1, { step });
      }
      const error = yield* Effect.flip(recorder.flushOrFail);
      assert.deepInclude(error, { pending: 0, dropped: 0, refused: 2, invalid: 0 });
      assert.lengthOf(yield* stored((yield* recorder.experiment).id), 1498);
      assert.lengthOf(
        said.filter((line) => line.includes("refused")),
        2,
      );
      // It is not asked for each event.
      assert.isBelow((yield* requestsOf(operation.metrics)).length, 30);
    }).pipe(
      Effect.provide(withRefusals(422, (body) => body.includes('"bad"'))),
      Effect.provide(layer),
    );
  });

  it.effect("is not counted twice when what is beside it has to be sent again", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(503, { times: 7, match: { operation: operation.metrics } });
      for (let step = 0; step < 10; step++) {
        yield* recorder.metric(step === 0 ? "bad" : "loss", 1, { step });
      }
      const flushing = yield* Effect.forkChild(recorder.flush);
      yield* TestClock.adjust("10 minutes");
      yield* Fiber.join(flushing);
      assert.deepInclude(yield* recorder.summary, { delivered: 9, refused: 1, pending: 0 });
    }).pipe(Effect.provide(withRefusals(422, (body) => body.includes('"bad"')))),
  );

  it.effect("does not hold up the annotations", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* recorder.annotation("bad");
      yield* recorder.annotation("good");
      const error = yield* Effect.flip(recorder.flushOrFail);
      assert.deepInclude(error, { pending: 0, refused: 1 });
    }).pipe(Effect.provide(withRefusals(422, (body) => body.includes('"bad"')))),
  );
});

it.effect("a batch that is too large is sent in halves", () =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug: "iris" });
    for (let step = 0; step < 1000; step++) yield* recorder.metric("loss", 1, { step });
    yield* recorder.flushOrFail;
    const names = yield* stored((yield* recorder.experiment).id);
    assert.deepStrictEqual(new Set(names).size, 1000);
    assert.lengthOf(yield* requestsOf(operation.metrics), 8);
  }).pipe(Effect.provide(withRefusals(413, (body) => body.split('"loss"').length > 130))),
);

for (const status of [401, 403]) {
  it.effect(`a ${status} keeps everything, and is told`, () => {
    const { said, layer } = listening();
    return Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      yield* Faults.status(status, { times: Infinity });
      for (let step = 0; step < 10; step++) yield* recorder.metric("loss", 1, { step });
      const error = yield* Effect.flip(recorder.flushOrFail);
      assert.deepInclude(error, { pending: 10, refused: 0, dropped: 0 });
      assert.match(error.detail!, new RegExp(`${status}`));
      yield* TestClock.adjust("9 minutes");
      // Once, and not for every attempt.
      assert.lengthOf(
        said.filter((line) => line.includes("wait to be sent")),
        1,
      );
      yield* Faults.clear;
      yield* TestClock.adjust("1 minute");
      assert.lengthOf(yield* stored((yield* recorder.experiment).id), 10);
    }).pipe(Effect.provide([inMemory(), layer]));
  });
}

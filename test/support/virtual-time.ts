import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as HttpClient from "effect/http/HttpClient";
import { TestClock } from "effect/testing";

/** Runs an effect to its end while the test clock runs on, a day at most. */
export const inVirtualTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect);
    yield* TestClock.adjust("1 day");
    return yield* Fiber.join(fiber);
  });

/** The same with no more time than it takes, for what would be forgotten within the day. */
export const inItsTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect);
    yield* Effect.yieldNow;
    for (let i = 0; i < 10_000 && fiber.pollUnsafe() === undefined; i++) {
      yield* TestClock.adjust("50 millis");
    }
    return yield* Fiber.join(fiber);
  });

/** When each request left, in milliseconds. */
export class Sent extends Context.Service<Sent, Array<number>>()("test/Sent") {}

/** Notes the time of every request that goes through the client below. */
export const noteTimes = <A, E, R>(layer: Layer.Layer<A | HttpClient.HttpClient, E, R>) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient;
      const sent: Array<number> = [];
      const noting = HttpClient.tapRequest(client, () =>
        Effect.map(Clock.currentTimeMillis, (now) => void sent.push(now)),
      );
      return Context.make(HttpClient.HttpClient, noting).pipe(Context.add(Sent, sent));
    }),
  ).pipe(Layer.provideMerge(layer));

/** The waits between the requests that were sent, in milliseconds. */
export const waits = Effect.map(Sent, (sent) => sent.slice(1).map((at, i) => at - sent[i]!));

/** How long an effect takes on the test clock, in milliseconds, and how it fails. */
export const failureAndTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  inVirtualTime(
    Effect.gen(function* () {
      const start = yield* Clock.currentTimeMillis;
      const error = yield* Effect.flip(effect);
      return [error, (yield* Clock.currentTimeMillis) - start] as const;
    }),
  );

import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { Effect, Layer, ManagedRuntime } from "effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { Task } from "./contender.ts";

/** Makes tasks of effects, on the transport that all contenders on effect share. */
export const tasksOn = <R, E>(layer: Layer.Layer<R, E, HttpClient>) => {
  const runtime = ManagedRuntime.make(Layer.provideMerge(layer, NodeHttpClient.layerUndici));
  type Call = Effect.Effect<unknown, unknown, R | HttpClient>;
  return {
    task:
      (effect: (count: number, concurrency: number) => Call): Task =>
      (count, concurrency) =>
        runtime.runPromise(effect(count, concurrency)),
    /** The call so many times, so many at a time. */
    repeat:
      (call: Call): Task =>
      (count, concurrency) => {
        let left = count;
        const one = Effect.whileLoop({
          while: () => left-- > 0,
          body: () => call,
          step: () => {},
        });
        return runtime.runPromise(
          Effect.all(
            Array.from({ length: concurrency }, () => one),
            { concurrency, discard: true },
          ),
        );
      },
  };
};

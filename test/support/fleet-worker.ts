/**
 * A process of a fleet that shares a quota and a circuit in Redis: run by node, told in lines of JSON to make calls, and answering each line
 * with how they ended, in the order they did.
 */
import { createInterface } from "node:readline";
import * as NodeRedis from "@effect/platform-node/NodeRedis";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as Breaker from "effect/persistence/CircuitBreaker";
import * as RateLimiter from "effect/persistence/RateLimiter";
import * as References from "effect/References";
import * as CircuitBreaker from "../../src/CircuitBreaker.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as RateLimit from "../../src/RateLimit.ts";
import { noRetry } from "../../src/RequestPolicy.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";

export interface Place {
  readonly host: string;
  readonly apiKey: string;
  /** Of Redis. */
  readonly url: string;
}

/** What the calls share with those of other processes. */
export interface Shared {
  readonly quota?: RateLimit.Options;
  readonly circuit?: CircuitBreaker.Options;
}

export interface Command extends Shared {
  /** How many to make at once. */
  readonly calls: number;
}

export interface Ending {
  /** `"done"`, or the tag of the reason. */
  readonly how: string;
  /** In milliseconds. */
  readonly retryAfter?: number | undefined;
}

const { host, apiKey, url }: Place = JSON.parse(process.argv[2]!);

const stores = Layer.merge(
  Layer.provide(RateLimiter.layer, RateLimiter.layerStoreRedis()),
  Breaker.layerStoreRedis(),
).pipe(Layer.provide(NodeRedis.layer({ url })));

const runtime = ManagedRuntime.make(
  Layer.mergeAll(
    SyvainMetrics.layer({ host, apiKey, retry: noRetry }),
    FetchHttpClient.layer,
    stores,
    // Standard output is for answers.
    Layer.succeed(References.LogToStderr, true),
  ),
);

const guarded = ({ quota, circuit }: Shared) =>
  Layer.merge(
    quota === undefined ? Layer.empty : RateLimit.layer(quota),
    circuit === undefined ? Layer.empty : CircuitBreaker.layer(circuit),
  );

const run = Effect.fnUntraced(function* ({ calls, ...shared }: Command) {
  const endings: Array<Ending> = [];
  const call = Effect.match(Experiments.list(), {
    onSuccess: () => void endings.push({ how: "done" }),
    onFailure: (error) => {
      const retryAfter = "retryAfter" in error ? error.retryAfter : undefined;
      endings.push({
        how: error.reason._tag,
        retryAfter: retryAfter && Duration.toMillis(retryAfter),
      });
    },
  });
  const all = Effect.all(
    Array.from({ length: calls }, () => call),
    { concurrency: "unbounded", discard: true },
  );
  yield* Effect.provide(all, guarded(shared));
  return endings;
});

await runtime.context();
console.log(JSON.stringify("ready"));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await runtime.runPromise(run(JSON.parse(line)))));
}
await runtime.dispose();

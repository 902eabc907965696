/** Starts the two processes, waits for the client to end, and then asks the server itself what it has. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Metrics from "../../src/Metrics.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import type { Believed, Options as ClientOptions } from "./client.ts";
import { valueOf } from "./events.ts";
import type { Seen } from "./proxy.ts";
import type { Ready } from "./service.ts";

export interface Options extends Omit<ClientOptions, "host" | "apiKey"> {
  /** The part of requests that meet a fault. */
  readonly rate: number;
}

/** What the server has, read through the API and not through the proxy. */
export interface Stored {
  /** Different events. */
  readonly stored: number;
  readonly missing: number;
  /** Events that were there twice, or that nobody sent, or with another value. */
  readonly wrong: number;
}

export interface Result {
  readonly client: Believed;
  readonly proxy: Seen;
  readonly server: Stored;
  readonly seconds: number;
}

const start = (file: string, argument: string, execArgv: ReadonlyArray<string> = []) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = fileURLToPath(new URL(file, import.meta.url));
      const child = fork(path, [argument], { execArgv: [...execArgv] });
      const end = once(child, "exit").then(([code, signal]) => String(code ?? signal));
      const said = async <A>() => {
        const [message] = await Promise.race([
          once(child, "message"),
          end.then((status) => {
            throw new Error(`${file} ended before it said anything: ${status}`);
          }),
        ]);
        return message as A;
      };
      return { child, said, end };
    }),
    ({ child }) => Effect.sync(() => void child.kill("SIGKILL")),
  );

const readBack = (experimentIds: ReadonlyArray<string>, events: number) =>
  Effect.gen(function* () {
    const found = new Uint8Array(events);
    let wrong = 0;
    for (const experimentId of experimentIds) {
      const series = yield* Metrics.querySeries([{ experimentId }]);
      for (const { data } of series) {
        for (const [i, event] of data.steps.entries()) {
          if (event === null || found[event] !== 0 || data.value[i] !== valueOf(event)) wrong++;
          else found[event] = 1;
        }
      }
    }
    const stored = found.reduce((sum, one) => sum + one, 0);
    return { stored, missing: events - stored, wrong };
  });

export const soak = (options: Options) =>
  Effect.gen(function* () {
    const service = yield* start("service.ts", String(options.rate));
    const { apiKey, direct, origin } = yield* Effect.promise(() => service.said<Ready>());

    const started = performance.now();
    const clientOptions: ClientOptions = { ...options, host: origin, apiKey };
    const client = yield* start("client.ts", JSON.stringify(clientOptions), ["--expose-gc"]);
    const believed = yield* Effect.promise(() => client.said<Believed>());
    // It ends by itself: nothing of the client holds the process.
    const status = yield* Effect.promise(() => client.end);
    if (status !== "0") return yield* Effect.die(new Error(`the client ended with ${status}`));
    const seconds = (performance.now() - started) / 1000;

    service.child.send("what did you see?");
    const seen = yield* Effect.promise(() => service.said<Seen>());
    const stored = yield* readBack(believed.experimentIds, options.events).pipe(
      Effect.provide(SyvainMetrics.layer({ apiKey, host: direct })),
      Effect.provide(FetchHttpClient.layer),
    );
    const result: Result = { client: believed, proxy: seen, server: stored, seconds };
    return result;
  }).pipe(Effect.scoped);

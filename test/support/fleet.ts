/** A fleet of four processes that share a Redis, and the server that they call, on a real port. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as NodeRedis from "@effect/platform-node/NodeRedis";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redis from "effect/persistence/Redis";
import * as Redacted from "effect/Redacted";
import { Faults, MetricsServer } from "../../src/testing.ts";
import type { Command, Ending, Place, Shared } from "./fleet-worker.ts";
import { RedisServer } from "./redis.ts";

const script = fileURLToPath(new URL("fleet-worker.ts", import.meta.url));

/** A process that is ready; it ends with its scope. */
const member = (place: Place) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const child = spawn(process.execPath, [script, JSON.stringify(place)]);
        let stderr = "";
        child.stderr.on("data", (chunk) => (stderr += chunk));
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        const answer = async () => {
          const { value, done } = await lines.next();
          if (done) throw new Error(`the process ended: ${stderr}`);
          return JSON.parse(value);
        };
        await answer();
        return { child, answer };
      }),
      ({ child }) =>
        Effect.promise(() => {
          const ended = once(child, "close");
          child.kill("SIGKILL");
          return ended;
        }),
    ),
    ({ child, answer }) =>
      (command: Command) =>
        Effect.promise((): Promise<ReadonlyArray<Ending>> => {
          child.stdin.write(`${JSON.stringify(command)}\n`);
          return answer();
        }),
  );

const make = Effect.gen(function* () {
  const { url } = yield* RedisServer;
  const arrivals: Array<number> = [];
  const listening = createServer().on("request", () => arrivals.push(Date.now()));
  const context = yield* Layer.build(
    Layer.merge(
      MetricsServer.layerHttp().pipe(
        Layer.provide(NodeHttpServer.layer(() => listening, { port: 0, host: "127.0.0.1" })),
      ),
      NodeRedis.layer({ url }),
    ),
  );
  const { host, apiKey } = Context.get(context, MetricsServer.MetricsServer);
  const redis = Context.get(context, Redis.Redis);
  const members = yield* Effect.forEach(
    Array.from({ length: 4 }),
    () => member({ host, url, apiKey: Redacted.value(apiKey) }),
    { concurrency: "unbounded" },
  );
  return {
    /** When each request arrived, in milliseconds. */
    arrivals,
    server: Effect.provideContext(context),
    redis,
    /** A Redis and a server that know of nothing, and what each process does: so many calls at once, and how they ended. */
    sharing: Effect.fnUntraced(function* (shared: Shared) {
      yield* redis.send("FLUSHALL");
      yield* Effect.provideContext(Faults.clear, context);
      arrivals.length = 0;
      return members.map((tell) => (calls: number) => tell({ ...shared, calls }));
    }),
  };
});

export class Fleet extends Context.Service<Fleet, Effect.Success<typeof make>>()("test/Fleet") {
  static readonly layer = Layer.effect(Fleet, make);
}

/**
 * Opens a store, and kills its own process when the database is told something for the n-th time; else it says how often
 * the database was told something.
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { layerAt } from "./stores.ts";

const [, , where = "", last = ""] = process.argv;
let told = 0;

// What each driver tells its database by.
for (const [owner, name] of [
  [Worker.prototype, "postMessage"],
  [Socket.prototype, "write"],
] as const) {
  const before = Reflect.get(owner, name) as (...args: Array<unknown>) => unknown;
  Reflect.set(owner, name, function (this: unknown, ...args: Array<unknown>) {
    const result = before.apply(this, args);
    if (++told === Number(last)) process.kill(process.pid, "SIGKILL");
    return result;
  });
}

await Effect.runPromise(
  Effect.scoped(
    Effect.andThen(
      Layer.build(layerAt(where)),
      Effect.sync(() => console.log(told)),
    ),
  ),
);
process.exit();

/** Ingestion keys that real processes share, through files and through Redis. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { assert, describe, it as test } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import type { Work } from "../support/key-worker.ts";
import { server, temporaryDirectory } from "../support/processes.ts";
import { describeRedis } from "../support/redis.ts";
import { RedisServer } from "../support/redisServer.ts";

const script = fileURLToPath(new URL("../support/key-worker.ts", import.meta.url));

/** What a process of its own said in the end, and what it logged. The shell runs `before` first. */
const run = (work: Work, before = ":") =>
  Effect.promise(async () => {
    const command = [process.execPath, script, JSON.stringify(work)];
    const child = spawn("sh", ["-c", `${before}; exec "$@"`, "sh", ...command]);
    const ended = once(child, "close");
    const [said, logged] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await ended;
    return { said: said.trim(), logged: logged.trim() };
  });

const newWork = Effect.fnUntraced(function* (store: Work["store"]) {
  const { apiKey, host } = yield* MetricsServer.MetricsServer;
  const { experiment } = yield* Experiments.create({ slug: "shared" });
  return { host, apiKey: Redacted.value(apiKey), experimentId: experiment.id, store };
});

const mints = Effect.map(
  Faults.requests,
  (requests) => requests.filter(({ operation }) => operation === "IngestionKeys.create").length,
);

const oneKeyForAll = (store: Work["store"]) =>
  Effect.gen(function* () {
    const work = yield* newWork(store);
    const first = yield* run(work);
    const others = yield* Effect.all([run(work), run(work), run(work)], {
      concurrency: "unbounded",
    });
    for (const one of [first, ...others]) {
      assert.deepStrictEqual(one, { said: "queued", logged: "" });
    }
    assert.strictEqual(yield* mints, 1);
    assert.lengthOf((yield* Metrics.list(work.experimentId)).rows, 4);
  }).pipe(Effect.provide(server));

describe("processes that come one after another mint one key", () => {
  test.live("and share it in files", () =>
    Effect.flatMap(temporaryDirectory, (directory) =>
      oneKeyForAll({ directory: `${directory}/keys` }),
    ),
  );
});

describeRedis("processes that come one after another mint one key", (it) => {
  it.effect("and share it in Redis", () =>
    Effect.flatMap(RedisServer, ({ url }) => oneKeyForAll({ url })),
  );
});

test.live("a process on a full disk stores its metric all the same, and logs one warning", () =>
  Effect.gen(function* () {
    const work = yield* newWork({ directory: yield* temporaryDirectory });
    // As little room as there can be: a file of no bytes.
    const { logged, said } = yield* run(work, "trap '' XFSZ; ulimit -f 0");
    assert.strictEqual(said, "queued");
    assert.lengthOf(logged.split("\n"), 1);
    assert.match(logged, /WARN.*The shared store of ingestion keys failed/);
    assert.notInclude(logged, work.apiKey);
  }).pipe(Effect.provide(server)),
);

/** The Redis servers that other tests run on. */
import { assert } from "@effect/vitest";
import * as NodeRedis from "@effect/platform-node/NodeRedis";
import * as Effect from "effect/Effect";
import { Redis } from "effect/persistence/Redis";
import { describeRedis, RedisServer } from "./support/redis.ts";

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describeRedis("a Redis server for tests", (it) => {
  it.effect("is empty, keeps nothing on disk, and answers effect's client", () =>
    Effect.gen(function* () {
      const { url, port } = yield* RedisServer;
      assert.match(url, new RegExp(`^redis://127\\.0\\.0\\.1:${port}$`));
      yield* Effect.gen(function* () {
        const redis = yield* Redis;
        assert.strictEqual(yield* redis.send("DBSIZE"), 0);
        const info = yield* redis.send<string>("INFO", "persistence");
        assert.match(info, /^aof_enabled:0\r?$/m);
        assert.notMatch(JSON.stringify(yield* redis.send("CONFIG", "GET", "save")), /\d/);
      }).pipe(Effect.provide(NodeRedis.layer({ url })));
    }),
  );

  it.effect("is gone when its scope closes", () =>
    Effect.gen(function* () {
      const pid = yield* Effect.provide(
        Effect.map(RedisServer, ({ pid }) => {
          assert.isTrue(isAlive(pid));
          return pid;
        }),
        RedisServer.layer,
        { local: true },
      );
      assert.isFalse(isAlive(pid));
    }),
  );
});

/** A block of tests with a Redis server of its own, and what becomes of it where there is none to start. */
import { describe, it, layer, type Vitest } from "@effect/vitest";
import { isMissing, RedisServer } from "./redisServer.ts";

const why = "there is no redis-server here (Debian: apt-get install redis-server)";

/**
 * A block of tests with one Redis server for all of them, under the real clock.
 *
 * Where there is no `redis-server` the block is skipped, and says so; on CI it fails.
 */
export const describeRedis = (
  name: string,
  tests: (it: Vitest.MethodsNonLive<RedisServer>) => void,
): void => {
  if (!isMissing) {
    layer(RedisServer.layer, { excludeTestServices: true })(name, tests);
    return;
  }
  const onCi = Boolean(process.env["CI"]);
  if (!onCi) console.warn(`Skipped: "${name}": ${why}`);
  describe.skipIf(!onCi)(name, () => {
    it("needs Redis", () => {
      throw new Error(why);
    });
  });
};

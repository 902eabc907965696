import * as Clock from "effect/Clock";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Effect from "effect/Effect";
import * as Redis from "effect/persistence/Redis";
import type { Store } from "./store.ts";

const removeIfSame = Redis.script((key: string, value: string) => [key, value], {
  numberOfKeys: 1,
  lua: `if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end`,
});

const extendIfSame = Redis.script(
  (key: string, value: string, milliseconds: number) => [key, value, milliseconds],
  {
    numberOfKeys: 1,
    lua: `if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("PEXPIRE", KEYS[1], ARGV[2]) end`,
  },
);

/** Redis counts them by its own clock. */
const wholeMillis = (duration: number) => Math.max(1, Math.ceil(duration));

/** One Redis key for each text, and one for its lock, which holds the token of who has it. */
export const make = (redis: Redis.Redis["Service"], prefix: string): Store => ({
  read: (name) =>
    redis
      .send("GET", prefix + name)
      .pipe(Effect.map((text) => (typeof text === "string" ? text : undefined))),
  write: (name, text, until) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const expiry = until === Infinity ? [] : ["PX", String(wholeMillis(until - now))];
      return redis.send("SET", prefix + name, text, ...expiry);
    }),
  remove: (name, text) =>
    text === undefined
      ? redis.send("DEL", prefix + name)
      : redis.eval(removeIfSame)(prefix + name, text),
  lock: (name, ttl) =>
    Effect.suspend(() => {
      const key = `${prefix}${name}:lock`;
      const token = SecureRandom.uuidV4Unsafe();
      const milliseconds = wholeMillis(ttl);
      return redis.send("SET", key, token, "NX", "PX", String(milliseconds)).pipe(
        Effect.map((answer) =>
          answer === null
            ? undefined
            : {
                extend: redis.eval(extendIfSame)(key, token, milliseconds),
                release: redis.eval(removeIfSame)(key, token),
              },
        ),
      );
    }),
});

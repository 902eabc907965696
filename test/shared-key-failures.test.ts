/** A store of ingestion keys that fails: no call does, one warning says so, and nothing secret shows. */
import { assert, describe, it as test } from "@effect/vitest";
import * as NodeRedis from "@effect/platform-node/NodeRedis";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as WebCrypto from "effect/crypto/WebCrypto";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as PlatformError from "effect/PlatformError";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import * as IngestionKeyCache from "../src/IngestionKeyCache.ts";
import * as PersistedIngestionKeyCache from "../src/PersistedIngestionKeyCache.ts";
import { files, temporaryDirectory } from "./support/login.ts";
import { loggingTo } from "./support/logs.ts";
import { idOf, Minting, owner } from "./support/minting.ts";
import { contents, newDirectory, onFiles } from "./support/persisted.ts";
import { describeRedis, RedisServer } from "./support/redis.ts";
import { until } from "./support/until.ts";

const cacheOf = <E, R>(layer: Layer.Layer<IngestionKeyCache.IngestionKeyCache, E, R>) =>
  Effect.map(Layer.build(layer), Context.get(IngestionKeyCache.IngestionKeyCache));

const one = owner({ apiKey: Redacted.make("s3cret-api-key"), experimentId: "s3cret-1" });
const other = { ...one, experimentId: "s3cret-2" };

/** Works as a cache in memory does, and warns once. */
const worksAlone = Effect.fnUntraced(function* ({
  get,
  forget,
}: IngestionKeyCache.IngestionKeyCache["Service"]) {
  const counter = new Minting();
  const lines: Array<string> = [];
  const shown = yield* Effect.gen(function* () {
    const leases = [
      yield* get(one, counter.mint),
      yield* get(one, counter.mint),
      yield* get(other, counter.mint),
    ];
    yield* forget(one, "key-1");
    leases.push(yield* get(one, counter.mint));
    yield* forget(one);
    leases.push(yield* get(one, counter.mint));
    return leases.map((lease) => `${idOf(lease)} ${lease.cached ? "cached" : "minted"}`);
  }).pipe(loggingTo(lines));
  assert.deepStrictEqual(shown, [
    "key-1 minted",
    "key-1 cached",
    "key-2 minted",
    "key-3 minted",
    "key-4 minted",
  ]);
  assert.lengthOf(lines, 1);
  assert.include(lines[0], "level=WARN");
  assert.include(lines[0], "The shared store of ingestion keys failed");
  assert.notInclude(lines[0], "s3cret");
  return lines[0]!;
});

describe("files", () => {
  test.effect("a directory that cannot be made", () =>
    Effect.gen(function* () {
      const file = `${yield* temporaryDirectory}/file`;
      yield* FileSystem.FileSystem.use((fs) => fs.writeFileString(file, ""));
      assert.include(yield* worksAlone(yield* onFiles(`${file}/keys`)), `${file}/keys`);
    }).pipe(Effect.provide(files)),
  );

  test.effect("no home directory to keep them in", () =>
    Effect.gen(function* () {
      const cache = yield* cacheOf(PersistedIngestionKeyCache.layerFileSystem());
      assert.include(yield* worksAlone(cache), "HOME");
    }).pipe(
      Effect.provide(files),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: {} }))),
    ),
  );

  test.effect("they are kept among the user's caches", () =>
    Effect.gen(function* () {
      const home = yield* temporaryDirectory;
      const { get } = yield* cacheOf(PersistedIngestionKeyCache.layerFileSystem()).pipe(
        Effect.provide(files),
        Effect.provide(
          ConfigProvider.layer(ConfigProvider.fromEnv({ env: { XDG_CACHE_HOME: home } })),
        ),
      );
      yield* get(one, new Minting().mint);
      const kept = yield* contents(`${home}/syvain-metrics-effect/ingestion-keys`);
      assert.lengthOf(Object.keys(kept), 1);
    }),
  );

  test.effect(
    "a directory that nothing can be written to: what is there is used, until it is refused",
    () =>
      Effect.gen(function* () {
        const directory = yield* newDirectory;
        const counter = new Minting();
        yield* (yield* onFiles(directory)).get(one, counter.mint);
        const readOnly = Layer.effect(
          FileSystem.FileSystem,
          Effect.map(FileSystem.FileSystem, (fs) => {
            const refuse = () =>
              Effect.fail(
                PlatformError.systemError({
                  _tag: "PermissionDenied",
                  module: "FileSystem",
                  method: "any",
                }),
              );
            return { ...fs, writeFileString: refuse, rename: refuse, link: refuse, remove: refuse };
          }),
        ).pipe(Layer.provideMerge(files));
        const { get, forget } = yield* onFiles(directory, {}, readOnly);
        const lines: Array<string> = [];
        yield* Effect.gen(function* () {
          assert.strictEqual(idOf(yield* get(one, counter.mint)), "key-1");
          yield* forget(one, "key-1");
          assert.strictEqual(idOf(yield* get(one, counter.mint)), "key-2");
          assert.strictEqual(idOf(yield* get(one, counter.mint)), "key-2");
        }).pipe(loggingTo(lines));
        assert.lengthOf(lines, 1);
      }),
  );

  test.effect("a file system that does not answer is left alone for 5 seconds", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const counter = new Minting();
      yield* (yield* onFiles(directory)).get(one, counter.mint);
      let answers = false;
      const slow = Layer.effect(
        FileSystem.FileSystem,
        Effect.map(FileSystem.FileSystem, (fs) => ({
          ...fs,
          readFileString: (path: string) =>
            Effect.suspend(() => (answers ? fs.readFileString(path) : Effect.never)),
        })),
      ).pipe(Layer.provideMerge(files));
      const { get } = yield* onFiles(directory, {}, slow);
      const use = (experimentId: string) =>
        Effect.gen(function* () {
          const before = yield* Clock.currentTimeMillis;
          const call = yield* Effect.forkChild(get({ ...one, experimentId }, counter.mint));
          yield* until(() => call.pollUnsafe() !== undefined);
          const took = (yield* Clock.currentTimeMillis) - before;
          return { id: idOf(yield* Fiber.join(call)), took };
        }).pipe(loggingTo([]));
      assert.isAtLeast((yield* use("s3cret-2")).took, 2000);
      assert.isBelow((yield* use("s3cret-3")).took, 1000);
      answers = true;
      yield* TestClock.adjust("5 seconds");
      assert.strictEqual((yield* use(one.experimentId)).id, "key-1");
    }),
  );

  test.effect.each(["writeFileString", "link", "rename", "remove"] as const)(
    "one that never answers to %s holds a call up for no longer than 2 seconds",
    (step) =>
      Effect.gen(function* () {
        const directory = yield* newDirectory;
        const counter = new Minting();
        yield* (yield* onFiles(directory)).get(other, counter.mint);
        const hanging = Layer.effect(
          FileSystem.FileSystem,
          Effect.map(FileSystem.FileSystem, (fs) => ({ ...fs, [step]: () => Effect.never })),
        ).pipe(Layer.provideMerge(files));
        const calls = ({ get, forget }: IngestionKeyCache.IngestionKeyCache["Service"]) => [
          get(other, counter.mint),
          forget(other, "key-1"),
          get(one, counter.mint),
        ];
        for (const i of [0, 1, 2]) {
          const call = calls(yield* onFiles(directory, {}, hanging))[i]!;
          const fiber = yield* Effect.forkChild(loggingTo([])(call));
          yield* until(() => fiber.pollUnsafe() !== undefined);
          assert.strictEqual(fiber.pollUnsafe()?._tag, "Success");
        }
        assert.isBelow(yield* Clock.currentTimeMillis, 3 * 2500);
      }),
  );

  test.effect("a platform without WebCrypto", () =>
    Effect.gen(function* () {
      const cache = yield* onFiles(yield* newDirectory);
      assert.include(yield* worksAlone(cache), "crypto.subtle");
    }).pipe(
      // As a browser has it on `http:`.
      Effect.provide(
        WebCrypto.layer({
          getRandomValues: (array) => globalThis.crypto.getRandomValues(array),
          randomUUID: () => globalThis.crypto.randomUUID(),
          subtle: undefined as unknown as SubtleCrypto,
        }),
      ),
    ),
  );
});

test.effect.each([
  { recheckAfter: -1 },
  { recheckAfter: "soon" as Duration.Input },
  { lockTtl: 0 },
  { lockTtl: "Infinity" as const },
  { keepFor: 0 },
  { directory: "" },
])("%j is refused when the layer is built, under its name", (options) =>
  Effect.gen(function* () {
    const layer = PersistedIngestionKeyCache.layerFileSystem(options);
    const error = yield* Effect.flip(Effect.provide(cacheOf(layer), files));
    assert(error.reason._tag === "InvalidSetting");
    assert.strictEqual(error.reason.setting, Object.keys(options)[0]);
  }),
);

describeRedis("Redis", (it) => {
  /** A server that a test may end, a cache on it, and its client. */
  const start = Effect.gen(function* () {
    const server = yield* Layer.build(Layer.fresh(RedisServer.layer));
    const { url, pid } = Context.get(server, RedisServer);
    const redis = yield* Layer.build(NodeRedis.layer({ url }));
    const { client } = Context.get(redis, NodeRedis.NodeRedis);
    // Or closing it would wait for what is still unanswered.
    yield* Effect.addFinalizer(() => Effect.sync(() => client.destroy()));
    const cache = yield* cacheOf(
      PersistedIngestionKeyCache.layerRedis().pipe(Layer.provide(Layer.succeedContext(redis))),
    );
    return { pid, client, cache };
  });

  for (const [what, signal, says] of [
    ["that does not answer", "SIGSTOP", "no answer within 2s"],
    ["that is gone", "SIGKILL", ""],
  ] as const) {
    it.effect(`one ${what} is waited for once, for 2 seconds`, () =>
      Effect.gen(function* () {
        const { pid, cache } = yield* start;
        process.kill(pid, signal);
        const before = Date.now();
        assert.include(yield* worksAlone(cache), says);
        assert.isBelow(Date.now() - before, 4000);
      }).pipe(loggingTo([])),
    );
  }

  it.effect("one that refuses is done without", () =>
    Effect.gen(function* () {
      const { client, cache } = yield* start;
      yield* Effect.promise(() => client.sendCommand(["ACL", "SETUSER", "default", "-@all"]));
      assert.include(yield* worksAlone(cache), "NOPERM");
    }),
  );
});

/**
 * Ingestion keys that processes share, in files and in a real Redis. Caches that have the store and no more in common
 * stand for processes.
 */
import { assert, describe, it as test, type Vitest } from "@effect/vitest";
import * as NodeRedis from "@effect/platform-node/NodeRedis";
import * as Context from "effect/Context";
import * as WebCrypto from "effect/crypto/WebCrypto";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FileSystem from "effect/FileSystem";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import * as KeyValueStore from "effect/persistence/KeyValueStore";
import * as Persistence from "effect/persistence/Persistence";
import * as Redis from "effect/persistence/Redis";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import { TestClock } from "effect/testing";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import * as PersistedIngestionKeyCache from "../../src/PersistedIngestionKeyCache.ts";
import { files, temporaryDirectory } from "../support/login.ts";
import { loggingTo } from "../support/logs.ts";
import { idOf, Minting, owner } from "../support/minting.ts";
import { describeRedis } from "../support/redis.ts";
import { RedisServer } from "../support/redisServer.ts";

type Cache = IngestionKeyCache.IngestionKeyCache["Service"];

const cacheOn = <E, R>(
  backing: Layer.Layer<Persistence.BackingPersistence, E, R>,
  options?: PersistedIngestionKeyCache.Options,
) =>
  PersistedIngestionKeyCache.layer(options).pipe(
    Layer.provide(backing),
    Layer.fresh,
    Layer.build,
    Effect.map(Context.get(IngestionKeyCache.IngestionKeyCache)),
    Effect.orDie,
  );

/** What all these processes have, and what somebody else does with it. */
interface Store {
  /** What a process has that starts now. */
  readonly process: Effect.Effect<Cache, never, Scope.Scope>;
  readonly entries: Effect.Effect<ReadonlyArray<readonly [name: string, content: string]>>;
  readonly write: (name: string, content: string) => Effect.Effect<void>;
}

const secret = owner({
  host: "https://s3cret-host.example",
  apiKey: Redacted.make("s3cret-api-key"),
  experimentId: "s3cret-experiment",
});

const promises = <R>(
  it: Vitest.Tester<R | Scope.Scope>,
  newStore: Effect.Effect<Store, never, R | Scope.Scope>,
) => {
  it("one that starts later uses the key that is there", () =>
    Effect.gen(function* () {
      const { process } = yield* newStore;
      const counter = new Minting();
      const [a, b] = [yield* process, yield* process];
      const first = yield* a.get(owner(), counter.mint);
      const second = yield* b.get(owner(), counter.mint);
      assert.deepStrictEqual(second.key, first.key);
      assert.strictEqual(Redacted.value(second.token), "s3cret-key-1");
      assert.strictEqual(counter.count, 1);
    }));

  it("nothing can be read in the store, nor in the names there", () =>
    Effect.gen(function* () {
      const { entries, process } = yield* newStore;
      yield* (yield* process).get(secret, new Minting().mint);
      const [[name, content] = ["", ""], ...others] = yield* entries;
      assert.deepStrictEqual(others, []);
      assert.match(name, /[0-9a-f]{64}$/);
      const sealed = /"sealed":"([\w-]+)"/.exec(content)?.[1] ?? "";
      assert.isAbove(sealed.length, 100);
      const bytes = Buffer.from(sealed, "base64url").toString("latin1");
      for (const text of [name, content, bytes]) assert.notMatch(text, /s3cret|key-1|experiment/);
    }));

  it("another API key, host or experiment never sees it", () =>
    Effect.gen(function* () {
      const { process } = yield* newStore;
      const counter = new Minting();
      const owners = [
        owner(),
        owner({ apiKey: Redacted.make("other-key") }),
        owner({ host: "https://other.example" }),
        owner({ host: "https://h.example:8443" }),
        owner({ experimentId: "other" }),
        owner({ experimentId: "../e" }),
      ];
      const ids = Effect.flatMap(process, ({ get }) =>
        Effect.forEach(owners, (each) => Effect.map(get(each, counter.mint), idOf)),
      );
      const first = yield* ids;
      assert.lengthOf(new Set(first), owners.length);
      assert.deepStrictEqual(yield* ids, first);
    }));

  const changes: ReadonlyArray<readonly [string, (content: string, other: string) => string]> = [
    ["empty", () => ""],
    ["cut off", (content) => content.slice(0, content.length / 2)],
    ["cut off by one character", (content) => content.slice(0, -1)],
    ["zeros", (content) => "\0".repeat(content.length)],
    ["some other JSON", () => '[{"key":1},null]'],
    ["null", () => "null"],
    ["not sealed", (content) => content.replace(/"sealed":"[^"]*"/, '"sealed":"e30"')],
    [
      "changed in one character",
      (content) => content.replace(/(?<="sealed":".{30})./, (c) => (c === "A" ? "B" : "A")),
    ],
    ["that of another experiment", (_, other) => other],
  ];
  for (const [what, change] of changes) {
    it(`an entry that is ${what} counts as not there, and is written anew`, () =>
      Effect.gen(function* () {
        const { entries, process, write } = yield* newStore;
        const counter = new Minting();
        yield* (yield* process).get(owner({ experimentId: "other" }), counter.mint);
        const [[, other] = ["", ""]] = yield* entries;
        yield* (yield* process).get(owner(), counter.mint);
        const [name, content] = (yield* entries).find(([, content]) => content !== other)!;
        yield* write(name, change(content, other));
        for (let n = 0; n < 2; n++) {
          const { get } = yield* process;
          assert.strictEqual(idOf(yield* get(owner(), counter.mint)), "key-3");
        }
      }).pipe(loggingTo([])));
  }

  it("a key that is refused is forgotten in the store, and minted anew once for all who had it", () =>
    Effect.gen(function* () {
      const { process } = yield* newStore;
      const counter = new Minting();
      const processes = [yield* process, yield* process, yield* process];
      for (const { get } of processes) yield* get(owner(), counter.mint);
      for (const { forget, get } of processes) {
        // As a call does whose key is refused.
        yield* forget(owner(), "key-1");
        assert.strictEqual(idOf(yield* get(owner(), counter.mint)), "key-2");
      }
      assert.strictEqual(counter.count, 2);
    }));

  const forgets: ReadonlyArray<readonly [string, id: string | undefined, mints: number]> = [
    ["without an id drops the key for those that start later", undefined, 2],
    ["with its id drops it for them", "key-1", 2],
    ["with the id of another key leaves it", "key-2", 1],
  ];
  for (const [what, id, mints] of forgets) {
    it(`forgetting ${what}`, () =>
      Effect.gen(function* () {
        const { process } = yield* newStore;
        const counter = new Minting();
        const { forget, get } = yield* process;
        yield* get(owner(), counter.mint);
        yield* forget(owner(), id);
        yield* (yield* process).get(owner(), counter.mint);
        assert.strictEqual(counter.count, mints);
      }));
  }

  it("forgetting what is not there does nothing, and is no failure of the store", () => {
    const lines: Array<string> = [];
    return Effect.gen(function* () {
      const { forget } = yield* (yield* newStore).process;
      yield* forget(owner());
      yield* forget(owner(), "key-1");
      assert.deepStrictEqual(lines, []);
    }).pipe(loggingTo(lines));
  });

  it("a key that is as good as expired is not stored", () =>
    Effect.gen(function* () {
      const { entries, process } = yield* newStore;
      const counter = new Minting(300_000);
      const { get } = yield* process;
      yield* get(owner(), counter.mint);
      yield* get(owner(), counter.mint);
      assert.strictEqual(counter.count, 2);
      assert.deepStrictEqual(yield* entries, []);
    }));
};

// -----------------------------------------------------------------------------
// Files
// -----------------------------------------------------------------------------

const backingIn = (directory: string, fileSystem = files) =>
  Persistence.layerBackingKvs.pipe(
    Layer.provide(KeyValueStore.layerFileSystem(directory)),
    Layer.provide(fileSystem),
  );

const newFiles = Effect.gen(function* () {
  const directory = `${yield* temporaryDirectory}/keys`;
  const context = yield* Layer.build(files);
  const fs = Context.get(context, FileSystem.FileSystem);
  const store: Store = {
    process: cacheOn(backingIn(directory)),
    entries: Effect.orDie(
      Effect.flatMap(fs.readDirectory(directory), (names) =>
        Effect.forEach(names, (name) =>
          Effect.map(
            fs.readFileString(`${directory}/${name}`),
            (content) => [name, content] as const,
          ),
        ),
      ),
    ),
    write: (name, content) => Effect.orDie(fs.writeFileString(`${directory}/${name}`, content)),
  };
  return { ...store, directory };
}).pipe(Effect.orDie);

describe("in files", () => {
  promises(test.effect, newFiles);

  test.effect(
    "a key is used by others until 5 minutes before it expires, and renewed once for all",
    () =>
      Effect.gen(function* () {
        const { process } = yield* newFiles;
        const counter = new Minting(3_600_000);
        const processes = [yield* process, yield* process];
        const ids = Effect.forEach(processes, ({ get }) =>
          Effect.map(get(owner(), counter.mint), idOf),
        );
        yield* ids;
        yield* TestClock.adjust(3_300_000 - 1);
        assert.deepStrictEqual(yield* ids, ["key-1", "key-1"]);
        assert.strictEqual(idOf(yield* (yield* process).get(owner(), counter.mint)), "key-1");
        yield* TestClock.adjust(1);
        assert.deepStrictEqual(yield* ids, ["key-2", "key-2"]);
      }),
  );

  test.effect("100 calls at once in a process mint once", () =>
    Effect.gen(function* () {
      const { get } = yield* (yield* newFiles).process;
      const counter = new Minting();
      const calls = Array.from({ length: 100 }, () => get(owner(), counter.mint));
      yield* Effect.all(calls, { concurrency: "unbounded" });
      assert.strictEqual(counter.count, 1);
    }),
  );
});

// -----------------------------------------------------------------------------
// Outage
// -----------------------------------------------------------------------------

const other = { ...secret, experimentId: "s3cret-2" };

/** Works as a cache in memory does, and warns once. */
const worksAlone = Effect.fnUntraced(function* ({ forget, get }: Cache) {
  const counter = new Minting();
  const lines: Array<string> = [];
  const ids = yield* Effect.gen(function* () {
    const credentials = [
      yield* get(secret, counter.mint),
      yield* get(secret, counter.mint),
      yield* get(other, counter.mint),
    ];
    yield* forget(secret, "key-1");
    credentials.push(yield* get(secret, counter.mint));
    yield* forget(secret);
    credentials.push(yield* get(secret, counter.mint));
    return credentials.map(idOf);
  }).pipe(loggingTo(lines));
  assert.deepStrictEqual(ids, ["key-1", "key-1", "key-2", "key-3", "key-4"]);
  assert.lengthOf(lines, 1);
  assert.include(lines[0], "level=WARN");
  assert.include(lines[0], "The shared store of ingestion keys failed");
  assert.notInclude(lines[0], "s3cret");
  return lines[0]!;
});

/** Files, of which nothing works, or nothing answers. */
const broken = (how: () => Effect.Effect<never, unknown>) => {
  const fail = Effect.suspend(() =>
    Effect.mapError(how(), (cause) => new Persistence.PersistenceError({ message: "no", cause })),
  );
  const store: Persistence.BackingPersistenceStore = {
    get: () => fail,
    getMany: () => fail,
    set: () => fail,
    setMany: () => fail,
    remove: () => fail,
    clear: fail,
  };
  return Layer.succeed(Persistence.BackingPersistence, { make: () => Effect.succeed(store) });
};

describe("no call fails by a store", () => {
  test.effect("that fails: one warning a minute says why", () =>
    Effect.gen(function* () {
      const cache = yield* cacheOn(broken(() => Effect.fail(new Error("ENOSPC: no space left"))));
      assert.include(yield* worksAlone(cache), "ENOSPC: no space left");
      const lines: Array<string> = [];
      let experiments = 0;
      const use = Effect.forEach([1, 2, 3], () =>
        cache.get({ ...secret, experimentId: `e${++experiments}` }, new Minting().mint),
      ).pipe(loggingTo(lines));
      yield* TestClock.adjust("59 seconds");
      yield* use;
      assert.lengthOf(lines, 0);
      yield* TestClock.adjust("1 second");
      yield* use;
      assert.lengthOf(lines, 1);
    }),
  );

  test.effect("that has a bug", () =>
    Effect.gen(function* () {
      const cache = yield* cacheOn(broken(() => Effect.die(new Error("a bug"))));
      assert.include(yield* worksAlone(cache), "a bug");
    }),
  );

  test.effect("that does not answer: it is waited for 2 seconds, and left alone for 5", () =>
    Effect.gen(function* () {
      let asked = 0;
      const isAsked = Latch.makeUnsafe(false);
      const cache = yield* cacheOn(
        broken(() => {
          asked++;
          isAsked.openUnsafe();
          return Effect.never;
        }),
      );
      const lines: Array<string> = [];
      const use = (experimentId: string) =>
        loggingTo(lines)(cache.get({ ...secret, experimentId }, new Minting().mint));
      /** The key is sealed first, which takes time that no clock of a test knows. */
      const useWhenAsked = Effect.fnUntraced(function* (experimentId: string) {
        isAsked.closeUnsafe();
        const using = yield* Effect.forkChild(use(experimentId));
        yield* isAsked.await;
        yield* TestClock.adjust("2 seconds");
        yield* Fiber.join(using);
      });
      yield* useWhenAsked("a");
      assert.strictEqual(asked, 1);
      yield* TestClock.adjust("4 seconds");
      yield* use("b");
      assert.strictEqual(asked, 1);
      yield* TestClock.adjust("1 second");
      yield* useWhenAsked("c");
      assert.strictEqual(asked, 2);
      assert.lengthOf(lines, 1);
      assert.include(lines[0], "no answer within 2s");
    }),
  );

  test.effect("on a disk that nothing can be written to", () =>
    Effect.gen(function* () {
      const { directory, process } = yield* newFiles;
      const fs = yield* FileSystem.FileSystem;
      yield* process;
      yield* fs.remove(directory, { recursive: true });
      yield* fs.writeFileString(directory, "");
      assert.include(
        yield* worksAlone(yield* Effect.orDie(cacheOn(backingIn(directory)))),
        "ENOTDIR",
      );
    }).pipe(Effect.provide(files)),
  );

  test.effect("nor by a platform without WebCrypto", () =>
    Effect.gen(function* () {
      const { process } = yield* newFiles;
      assert.include(yield* worksAlone(yield* process), "crypto.subtle");
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

// -----------------------------------------------------------------------------
// Redis
// -----------------------------------------------------------------------------

describeRedis("in Redis", (it) => {
  const onServer = (url: string) =>
    Effect.gen(function* () {
      const context = yield* Layer.build(NodeRedis.layer({ url }));
      const redis = Context.get(context, Redis.Redis);
      const { client } = Context.get(context, NodeRedis.NodeRedis);
      const store: Store = {
        process: cacheOn(
          Layer.provide(Persistence.layerBackingRedis, Layer.succeedContext(context)),
        ),
        entries: Effect.orDie(
          Effect.flatMap(redis.send<Array<string>>("KEYS", "*"), (names) =>
            Effect.forEach(names, (name) =>
              Effect.map(redis.send<string>("GET", name), (content) => [name, content] as const),
            ),
          ),
        ),
        write: (name, content) => Effect.orDie(redis.send("SET", name, content)),
      };
      return { ...store, client, redis };
    }).pipe(Effect.orDie);

  const empty = Effect.gen(function* () {
    const store = yield* onServer((yield* RedisServer).url);
    yield* Effect.orDie(store.redis.send("FLUSHALL"));
    return store;
  });

  promises(it.effect, empty);

  it.effect("Redis lets a key go 5 minutes before it expires", () =>
    Effect.gen(function* () {
      const { entries, process, redis } = yield* empty;
      yield* (yield* process).get(owner(), new Minting(3_600_000).mint);
      const [[name] = [""]] = yield* entries;
      assert.closeTo(yield* redis.send<number>("PTTL", name), 3_300_000, 10_000);
    }),
  );

  for (const [what, signal, says] of [
    ["does not answer", "SIGSTOP", "no answer within 2s"],
    ["is gone", "SIGKILL", ""],
  ] as const) {
    it.effect(`one that ${what} is waited for once, for 2 seconds`, () =>
      Effect.gen(function* () {
        const server = yield* Layer.build(Layer.fresh(RedisServer.layer));
        const { pid, url } = Context.get(server, RedisServer);
        const { client, process: started } = yield* onServer(url);
        // Or closing it would wait for what is still unanswered.
        yield* Effect.addFinalizer(() => Effect.sync(() => client.destroy()));
        const cache = yield* started;
        process.kill(pid, signal);
        const before = Date.now();
        assert.include(yield* worksAlone(cache), says);
        assert.isBelow(Date.now() - before, 4000);
      }).pipe(loggingTo([])),
    );
  }
});

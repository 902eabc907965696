/** Ingestion keys in files: what is written, who may read it, and what a file that is not whole is taken for. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Redacted from "effect/Redacted";
import { TestClock } from "effect/testing";
import { files } from "./support/login.ts";
import { idOf, Minting, owner } from "./support/minting.ts";
import { contents, fileStore, newDirectory, onFiles } from "./support/persisted.ts";

const secret = owner({
  host: "https://s3cret-host.example",
  apiKey: Redacted.make("s3cret-api-key"),
  experimentId: "s3cret-experiment",
});

describe("what is written", () => {
  it.effect("is one file, in which and in whose name nothing can be read", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const { get } = yield* onFiles(directory);
      yield* get(secret, new Minting().mint);
      const [[name, content], ...others] = Object.entries(yield* contents(directory)) as [
        [string, string],
      ];
      assert.deepStrictEqual(others, []);
      assert.match(name, /^[0-9a-f]{64}\.key$/);
      assert.match(content, /^\d+\n[\w-]+$/);
      const bytes = Buffer.from(content.split("\n")[1]!, "base64url").toString("latin1");
      for (const text of [name, content, bytes]) assert.notMatch(text, /s3cret|key-1/);
    }),
  );

  it.effect("is for its user alone, whatever the umask", () =>
    Effect.gen(function* () {
      const umask = process.umask(0);
      yield* Effect.addFinalizer(() => Effect.sync(() => process.umask(umask)));
      const directory = yield* newDirectory;
      const { get } = yield* onFiles(directory);
      yield* get(owner(), new Minting().mint);
      const fs = yield* FileSystem.FileSystem;
      const modeOf = (path: string) => Effect.map(fs.stat(path), ({ mode }) => mode & 0o777);
      const [name] = Object.keys(yield* contents(directory));
      assert.strictEqual(yield* modeOf(directory), 0o700);
      assert.strictEqual(yield* modeOf(`${directory}/${name}`), 0o600);
      const store = yield* fileStore(directory);
      yield* store.lock("name", 60_000);
      assert.strictEqual(yield* modeOf(`${directory}/name.1.lock`), 0o600);
    }).pipe(Effect.provide(files)),
  );

  it.effect("is read whole or not at all while it is written over and over", () =>
    Effect.gen(function* () {
      const store = yield* fileStore(yield* newDirectory);
      const texts = ["a", "b"].map((letter) => letter.repeat(100_000));
      yield* store.write("name", texts[0]!, Infinity);
      const writing = Effect.forEach(Array(100), (_, i) =>
        store.write("name", texts[i % 2]!, Infinity),
      );
      const reading = Effect.forEach(Array(400), () => store.read("name"));
      const [, read] = yield* Effect.all([writing, reading], { concurrency: "unbounded" });
      assert.deepStrictEqual(new Set(read), new Set(texts));
    }),
  );
});

describe("a file that is no longer what was written is a miss", () => {
  const half = (content: string) => content.slice(0, content.length / 2);
  const table: ReadonlyArray<readonly [string, (content: string, other: string) => string]> = [
    ["empty", () => ""],
    ["cut off in the first line", (content) => content.slice(0, 5)],
    ["cut off after the first line", (content) => content.slice(0, content.indexOf("\n") + 1)],
    ["cut off in the middle", half],
    ["cut off by one character", (content) => content.slice(0, -1)],
    ["zeros", (content) => "\0".repeat(content.length)],
    ["text of something else", () => "not a key\nat all"],
    [
      "changed in one character",
      (content) => content.replace(/(?<=\n.{30})./, (c) => (c === "A" ? "B" : "A")),
    ],
    ["of another experiment", (_, other) => other],
    ["without an end to its time", (content) => content.replace(/^\d+/, "NaN")],
    ["not sealed", (content) => `${content.split("\n")[0]}\n${JSON.stringify({ id: "key-0" })}`],
  ];
  it.effect.each(table)("%s", ([, change]) =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const fs = yield* FileSystem.FileSystem;
      const counter = new Minting(3_600_000);
      yield* (yield* onFiles(directory)).get(owner({ experimentId: "other" }), counter.mint);
      const [other] = Object.entries(yield* contents(directory));
      yield* (yield* onFiles(directory)).get(owner(), counter.mint);
      const mine = Object.entries(yield* contents(directory)).find(([name]) => name !== other![0]);
      const [name, content] = mine!;
      yield* fs.writeFileString(`${directory}/${name}`, change(content, other![1]));

      const lease = yield* (yield* onFiles(directory)).get(owner(), counter.mint);
      assert.deepStrictEqual([idOf(lease), lease.cached], ["key-3", false]);
      const after = yield* (yield* onFiles(directory)).get(owner(), counter.mint);
      assert.deepStrictEqual([idOf(after), after.cached], ["key-3", true]);
    }).pipe(Effect.provide(files)),
  );
});

describe("what is left behind", () => {
  it.effect("is cleared away by the next process, and what is in use is not", () =>
    Effect.gen(function* () {
      const directory = yield* newDirectory;
      const fs = yield* FileSystem.FileSystem;
      const real = yield* Effect.sync(() => Date.now());
      yield* TestClock.setTime(real);
      const store = yield* fileStore(directory);
      yield* store.write("expired", "text", real + 1);
      yield* store.write("good", "text", real + 10 * 3_600_000);
      yield* store.lock("of-the-dead", 10_000);
      const old = new Date(real - 2 * 3_600_000);
      for (const name of ["torn.tmp", "under-way.tmp"]) {
        yield* fs.writeFileString(`${directory}/${name}`, "text");
      }
      yield* fs.utimes(`${directory}/torn.tmp`, old, old);
      yield* fs.writeFileString(`${directory}/someone-elses`, "text");
      yield* TestClock.setTime(real + 3_700_000);
      yield* fs.utimes(`${directory}/under-way.tmp`, real / 1000 + 3_600, real / 1000 + 3_600);
      yield* store.lock("of-the-living", 10_000);

      yield* onFiles(directory);
      const left = ["good.key", "of-the-living.1.lock", "someone-elses", "under-way.tmp"];
      // It happens beside the work of the process.
      const names = Effect.map(contents(directory), (all) => Object.keys(all).toSorted());
      for (let n = 0; n < 500 && (yield* names).length > left.length; n++) {
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 10)));
      }
      assert.deepStrictEqual(yield* names, left);
    }).pipe(Effect.provide(files)),
  );
});

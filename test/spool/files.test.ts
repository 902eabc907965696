import * as NodeServices from "@effect/platform-node/NodeServices";
import { assert, describe, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FileSystem from "effect/FileSystem";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  adoptIn,
  destination,
  events,
  homeIn,
  inDirectory,
  inProcess,
  leave,
  limits,
  pollAll,
  segmentsIn,
  spoolOn,
} from "../support/spools.ts";

describe("a file spool", () => {
  for (const durability of ["event", "batch"] as const) {
    it.live(`gives back what an earlier process left, byte for byte (${durability})`, () =>
      inDirectory((directory) =>
        Effect.gen(function* () {
          yield* leave(directory, events(95), { durability });
          const { leftovers } = yield* adoptIn(directory);
          assert.lengthOf(leftovers, 1);
          assert.deepStrictEqual(leftovers[0]!.destination, destination);
          assert.strictEqual(leftovers[0]!.remaining(), 95);
          assert.deepStrictEqual(yield* pollAll(leftovers[0]!), events(95));
        }),
      ),
    );
  }

  it.live("has an event on the disk before the call returns", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const spool = yield* spoolOn(directory, { durability: "event" });
        const log = yield* spool.open(destination, "", limits);
        for (const [i, event] of events(20).entries()) {
          yield* log.offer("metric", event);
          assert.include(readFileSync(segmentsIn(directory)[0]!, "utf8"), event, `${i}`);
        }
        // Many at a time share a write.
        yield* Effect.forEach(events(500), (event) => log.offer("metric", event), {
          concurrency: "unbounded",
        });
        const text = segmentsIn(directory)
          .map((file) => readFileSync(file, "utf8"))
          .join("");
        for (const event of events(500)) assert.include(text, event);
        assert.isBelow(text.split("SYV1").length - 1, 20 + 100);
      }),
    ),
  );

  it.live("has a batch on the disk within its interval", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const spool = yield* spoolOn(directory);
        const log = yield* spool.open(destination, "", limits);
        yield* log.offer("metric", "1");
        yield* log.ready.pipe(Effect.timeout("5 seconds"));
        assert.include(readFileSync(segmentsIn(directory)[0]!, "utf8"), "1");
      }),
    ),
  );

  it.live("counts a batch that is delivered before the write of it has returned", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const looking = Latch.makeUnsafe(true);
        const slow = Layer.effect(
          FileSystem.FileSystem,
          Effect.map(FileSystem.FileSystem, (fs) => ({
            ...fs,
            exists: (path: string) => Effect.andThen(looking.await, fs.exists(path)),
          })),
        ).pipe(Layer.provideMerge(NodeServices.layer));
        const spool = yield* spoolOn(directory, { durability: "event" }, slow);
        const log = yield* spool.open(destination, "", limits);
        looking.closeUnsafe();
        const recording = yield* Effect.forkChild(log.offer("metric", "1"));
        let batch = yield* log.poll;
        while (batch === undefined) {
          yield* Effect.sleep("5 millis");
          batch = yield* log.poll;
        }
        yield* batch.settle;
        looking.openUnsafe();
        yield* Fiber.join(recording);
        assert.deepStrictEqual(log.counts(), { pending: 0, dropped: 0 });
        assert.strictEqual(log.left(), log.accepted());
      }),
    ),
  );

  it.live("deletes what is settled, and its directory at the end", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make();
        const spool = yield* spoolOn(directory, { durability: "event" });
        const log = yield* spool.open(destination, "", limits).pipe(Scope.provide(scope));
        const large = JSON.stringify("x".repeat(9000));
        // All of it is in files before any of it is sent.
        yield* Effect.forEach(Array(1000), () => log.offer("metric", large), {
          concurrency: "unbounded",
          discard: true,
        });
        let most = segmentsIn(directory).length;
        while (log.left() < 1000) {
          yield* log.ready;
          const batch = yield* log.poll;
          if (batch !== undefined) yield* batch.settle;
          most = Math.max(most, segmentsIn(directory).length);
        }
        assert.isAbove(most, 1);
        assert.lengthOf(segmentsIn(directory), 1);
        yield* Scope.close(scope, Exit.void);
        assert.deepStrictEqual(
          readdirSync(directory).filter((name) => name.includes("@")),
          [],
        );
      }),
    ),
  );

  it.live("gives what it still holds and what it has to read in one order", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const spool = yield* spoolOn(directory);
        const log = yield* spool.open(destination, "", limits);
        // Nine megabytes in all.
        const large = Array.from({ length: 1000 }, (_, i) => JSON.stringify([i, "x".repeat(9000)]));
        const given: Array<string> = [];
        const giveSome = Effect.gen(function* () {
          yield* log.seal;
          yield* log.ready;
          given.push(...(yield* pollAll(log)));
        });
        for (const [i, event] of large.entries()) {
          yield* log.offer("metric", event);
          // In bits at first, and most of it later at once.
          if (i < 100 && i % 7 === 0) yield* giveSome;
        }
        while (given.length < large.length) yield* giveSome;
        assert.deepStrictEqual(given, large);
      }),
    ),
  );

  it.live("does not give again what was settled before the process ended", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const spool = yield* spoolOn(directory, { durability: "event" });
            const log = yield* spool.open(destination, "", limits);
            for (const event of events(40)) yield* log.offer("metric", event);
            const first = yield* log.poll;
            const second = yield* log.poll;
            const third = yield* log.poll;
            // Out of order: what is before the second is not settled when it is.
            yield* second!.settle;
            yield* first!.settle;
            assert.strictEqual(third!.count, 10);
          }),
        );
        const { leftovers } = yield* adoptIn(directory);
        assert.strictEqual(leftovers[0]!.remaining(), 20);
        assert.deepStrictEqual(yield* pollAll(leftovers[0]!), events(40).slice(20));
      }),
    ),
  );

  it.live("notes at once that an annotation is settled, which has no id to know it by", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const spool = yield* spoolOn(directory, { durability: "event" });
        const log = yield* spool.open(destination, "", limits);
        for (const kind of ["metric", "metric", "annotation"] as const) {
          yield* log.offer(kind, JSON.stringify(kind));
          const batch = yield* log.poll;
          yield* batch!.settle;
        }
        const noted: unknown = JSON.parse(
          readFileSync(join(homeIn(directory), "settled.json"), "utf8"),
        );
        const { size } = statSync(segmentsIn(directory)[0]!);
        assert.deepStrictEqual(noted, { segment: 1, offset: size });
      }),
    ),
  );

  it.live("cuts a torn write off, wherever it was torn", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* leave(directory, events(30));
        const [segment] = segmentsIn(directory);
        const whole = readFileSync(segment!);
        const home = homeIn(directory);
        const free = home.replace(/@.*/, "@free");
        for (let size = whole.byteLength; size >= 0; size -= 13) {
          writeFileSync(join(free, "00000001.spool"), whole.subarray(0, size));
          yield* Effect.scoped(
            Effect.gen(function* () {
              const { leftovers } = yield* adoptIn(directory);
              const found = yield* pollAll(leftovers[0]!);
              assert.strictEqual(found.length % 10, 0);
              assert.deepStrictEqual(found, events(30).slice(0, found.length));
              if (size === whole.byteLength) assert.lengthOf(found, 30);
              const left = statSync(join(homeIn(directory), "00000001.spool")).size;
              assert.isAtMost(left, size);
              if (size < whole.byteLength) assert.isBelow(left, whole.byteLength);
              yield* leftovers[0]!.release;
            }),
          );
          assert.isTrue(existsSync(free));
        }
      }),
    ),
  );

  it.live("skips a block that was damaged, and gives those after it", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* leave(directory, events(30));
        const [segment] = segmentsIn(directory);
        const bytes = readFileSync(segment!);
        bytes[bytes.indexOf('{"i":12,') + 3]! ^= 1;
        writeFileSync(segment!, bytes);
        const { leftovers } = yield* adoptIn(directory);
        const expected = [...events(30).slice(0, 10), ...events(30).slice(20)];
        assert.deepStrictEqual(yield* pollAll(leftovers[0]!), expected);
      }),
    ),
  );

  it.live("does not fall for an event that looks like a block", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* leave(directory, ['"SYV1SYV1SYV1SYV1SYV1SYV1SYV1"', '"b"']);
        appendFileSync(segmentsIn(directory)[0]!, "SYV1 and more");
        const { leftovers } = yield* adoptIn(directory);
        assert.lengthOf(yield* pollAll(leftovers[0]!), 2);
      }),
    ),
  );
});

describe("a directory that processes share", () => {
  it.live("has files of its own for every recorder", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const [one, two] = [yield* spoolOn(directory), yield* spoolOn(directory)];
        yield* one.open(destination, "", limits);
        yield* one.open(destination, "", limits);
        yield* two.open(destination, "", limits);
        const homes = readdirSync(directory).filter((name) => name.includes("@"));
        assert.lengthOf(homes, 3);
      }),
    ),
  );

  it.live("leaves the files of a process alone that is alive", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const spool = yield* spoolOn(directory);
        const log = yield* spool.open(destination, "", limits);
        yield* log.offer("metric", "1");
        const { leftAlone, leftovers } = yield* adoptIn(directory);
        assert.lengthOf(leftovers, 0);
        assert.deepStrictEqual(
          leftAlone.map(({ path, reason }) => [path, reason]),
          [[homeIn(directory), "owned"]],
        );
        assert.match(leftAlone[0]!.detail, /^the process that records iris showed \d\.\d s ago$/);
      }),
    ),
  );

  it.live("lets one of many take over what was left", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        for (let i = 0; i < 5; i++) yield* leave(directory, events(3));
        const spools = yield* Effect.forEach([1, 2, 3, 4], () => spoolOn(directory));
        const adopted = yield* Effect.forEach(spools, (spool) => spool.adopt(destination, limits), {
          concurrency: "unbounded",
        });
        assert.lengthOf(
          adopted.flatMap(({ leftovers }) => leftovers),
          5,
        );
      }),
    ),
  );

  it.live("is left for others to say that the run was cut off, when nobody said how it ended", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* inProcess(directory, (log) =>
          Effect.gen(function* () {
            yield* log.offer("started", "1");
            const batch = yield* log.poll;
            yield* batch!.settle;
          }),
        );
        const { leftovers } = yield* adoptIn(directory);
        assert.deepStrictEqual(
          leftovers.map((leftover) => [leftover.remaining(), leftover.interrupted]),
          [[0, true]],
        );
      }),
    ),
  );

  it.live("is of a run that ended, though the process was killed before it had noted that", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* inProcess(directory, (log) =>
          Effect.andThen(log.offer("started", "1"), log.offer("ended", "2")),
        );
        writeFileSync(join(homeIn(directory), "running"), "");
        const { leftovers } = yield* adoptIn(directory);
        assert.deepStrictEqual(
          leftovers.map(({ interrupted }) => interrupted),
          [false],
        );
      }),
    ),
  );

  for (const [what, other] of [
    ["host", { host: "https://other.test" }],
    ["generation of the API", { api: "v2" }],
  ] as const) {
    it.live(`leaves what is for another ${what} alone`, () =>
      inDirectory((directory) =>
        Effect.gen(function* () {
          yield* leave(directory, events(3));
          const before = readdirSync(directory);
          const { leftAlone, leftovers } = yield* Effect.scoped(adoptIn(directory, other));
          assert.lengthOf(leftovers, 0);
          assert.deepStrictEqual(leftAlone, [
            {
              path: homeIn(directory),
              reason: "other",
              detail: "iris is for API v1 of https://metrics.test",
            },
          ]);
          assert.deepStrictEqual(readdirSync(directory), before);
          assert.lengthOf((yield* adoptIn(directory)).leftovers, 1);
        }),
      ),
    );
  }

  it.live("says in each log which generation of the API it is for", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* leave(directory, events(3));
        const log: unknown = JSON.parse(readFileSync(join(homeIn(directory), "log.json"), "utf8"));
        assert.deepStrictEqual(log, { version: 1, ...destination, note: "" });
      }),
    ),
  );
});

describe("a spool that cannot be", () => {
  it.live("fails its layer and says where", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const file = join(directory, "file");
        writeFileSync(file, "");
        const error = yield* Effect.flip(Effect.scoped(spoolOn(join(file, "spool"))));
        assert(error._tag === "SpoolError");
        assert.strictEqual(error.path, join(file, "spool"));
        assert.match(error.message, /^Cannot open .*file\/spool: ENOTDIR/);
      }),
    ),
  );

  it.live("is not waited for by a call that is interrupted", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const spool = yield* spoolOn(directory, { durability: "event" });
        const log = yield* spool.open(destination, "", limits);
        const never = yield* Deferred.make<void>();
        yield* Effect.raceFirst(
          Effect.andThen(log.offer("metric", "1"), Deferred.await(never)),
          Effect.sleep("100 millis"),
        );
        assert.deepStrictEqual(yield* pollAll(log), ["1"]);
      }),
    ),
  );
});

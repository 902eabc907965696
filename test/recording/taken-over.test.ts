/**
 * A process that did not show for too long, and is taken for gone, loses nothing, and does not wait for what others
 * have in hand.
 */
import * as NodeServices from "@effect/platform-node/NodeServices";
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import { readdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import * as Collector from "../../src/Collector.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { operation } from "../support/api.ts";
import { Disk } from "../support/disk.ts";
import { collecting, stored, withDirectory } from "../support/recording.ts";
import {
  adoptIn,
  destination,
  events,
  homeIn,
  inDirectory,
  limits,
  pollAll,
  spoolOn,
} from "../support/spools.ts";

/** A disk whose first new log is gone before it is whole, as another process takes it for one that was left. */
const losing = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (fs) => {
    let lost = false;
    return {
      ...fs,
      writeFileString: (path: string, text: string) => {
        const write = fs.writeFileString(path, text);
        if (lost || !path.includes("log.json")) return write;
        lost = true;
        return Effect.andThen(fs.remove(dirname(path), { recursive: true }), write);
      },
    };
  }),
).pipe(Layer.provideMerge(NodeServices.layer));

/** As another process does that takes the log over. */
const take = (directory: string) => {
  const home = homeIn(directory);
  renameSync(home, home.replace(/@.*/, "@free"));
};

it.live("a log that is gone before it is whole is made again", () =>
  inDirectory((directory) =>
    Effect.gen(function* () {
      const spool = yield* spoolOn(directory, { durability: "event" }, losing);
      const log = yield* spool.open(destination, "", limits);
      for (const event of events(3)) yield* log.offer("metric", event);
      assert.deepStrictEqual(yield* pollAll(log), events(3));
    }),
  ),
);

describe("a log that was taken over", () => {
  const taken = (directory: string, recorded: number) =>
    Effect.gen(function* () {
      const spool = yield* spoolOn(directory, { durability: "event", lease: "100 millis" });
      const log = yield* spool.open(destination, "", limits);
      for (const event of events(recorded)) yield* log.offer("metric", event);
      take(directory);
      const { leftovers } = yield* adoptIn(directory);
      return { log, leftover: leftovers[0]! };
    });

  it.live("goes on beside what was taken", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const { leftover, log } = yield* taken(directory, 10);
        const theirs = yield* pollAll(leftover);
        for (const event of events(30).slice(10)) yield* log.offer("metric", event);
        assert.deepStrictEqual(theirs, events(10));
        assert.deepStrictEqual(yield* pollAll(log), events(30).slice(10));
      }),
    ),
  );

  it.live("counts what was taken as pending until it is gone", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const { leftover, log } = yield* taken(directory, 10);
        assert.isUndefined(yield* log.poll);
        assert.deepStrictEqual(log.counts(), { pending: 10, dropped: 0 });
        assert.strictEqual(log.waiting(), 10);
        yield* leftover.remove;
        while (log.waiting() > 0) yield* Effect.sleep("10 millis");
        assert.deepStrictEqual(log.counts(), { pending: 0, dropped: 0 });
        assert.strictEqual(log.left(), log.accepted());
      }),
    ),
  );

  it.live("counts each event once that was under way when it was taken", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const spool = yield* spoolOn(directory, { durability: "event", lease: "100 millis" });
        const log = yield* spool.open(destination, "", limits);
        for (const event of events(30)) yield* log.offer("metric", event);
        const [first, second, third] = [yield* log.poll, yield* log.poll, yield* log.poll];
        yield* second!.settle;
        for (const event of events(10)) yield* log.offer("metric", event);
        take(directory);
        const { leftovers } = yield* adoptIn(directory);
        assert.isUndefined(yield* log.poll);
        assert.strictEqual(log.waiting(), 10);
        yield* first!.settle;
        assert.strictEqual(log.counts().pending, 20);
        yield* leftovers[0]!.remove;
        while (log.waiting() > 0) yield* Effect.sleep("10 millis");
        yield* third!.settle;
        assert.strictEqual(log.left(), 40);
      }),
    ),
  );

  it.live("sends what the disk would not take before it was taken", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const disk = new Disk();
        const spool = yield* spoolOn(directory, { durability: "event" }, disk.layer);
        const log = yield* spool.open(destination, "", limits);
        const [first, second, third] = [0, 10, 20].map((from) => events(30).slice(from, from + 10));
        for (const event of first!) yield* log.offer("metric", event);
        disk.isFull = true;
        for (const event of second!) yield* log.offer("metric", event);
        disk.isFull = false;
        take(directory);
        for (const event of third!) yield* log.offer("metric", event);
        assert.deepStrictEqual(
          (yield* pollAll(log)).toSorted(),
          [...second!, ...third!].toSorted(),
        );
      }),
    ),
  );

  it.live("is known to be of a run that goes on", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const spool = yield* spoolOn(directory, { durability: "event" });
        const log = yield* spool.open(destination, "", limits);
        yield* log.offer("started", "1");
        take(directory);
        const theirs = yield* adoptIn(directory);
        yield* log.offer("metric", "1");
        yield* theirs.leftovers[0]!.remove;
        take(directory);
        const { leftovers } = yield* adoptIn(directory);
        assert.deepStrictEqual(
          leftovers.map(({ interrupted }) => interrupted),
          [true],
        );
      }),
    ),
  );

  it.live("says how the run stands only when what was taken is gone", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const { leftover, log } = yield* taken(directory, 10);
        yield* log.offer("ended", "2");
        assert.isUndefined(yield* log.poll);
        yield* leftover.remove;
        while (log.waiting() > 0) yield* Effect.sleep("10 millis");
        assert.deepInclude(yield* log.poll, { kind: "ended", body: new TextEncoder().encode("2") });
      }),
    ),
  );
});

describe("a recorder whose log was taken over", () => {
  const slow = (directory: string, options: Collector.Options = {}) =>
    collecting(directory, options, { durability: "event" });
  const manually = { recoverOnStart: false };

  /** With one event under way, and two on the disk that were taken. */
  const recording = (directory: string) =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "slow" });
      yield* Faults.status(401, { times: Infinity, match: { operation: operation.metrics } });
      yield* recorder.run(
        Effect.gen(function* () {
          yield* recorder.metric("loss", 1, { step: 1 });
          yield* Effect.flip(recorder.flushOrFail);
          for (const step of [2, 3]) yield* recorder.metric("loss", 1, { step });
        }),
      );
      take(directory);
      yield* Faults.clear;
      return recorder;
    });

  it.live("has delivered it when the other process has, and says then how the run ended", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const recorder = yield* recording(directory);
        const flushing = yield* Effect.forkChild(recorder.flush);
        const recovery = yield* Effect.provide(Collector.recover, collecting(directory, manually));
        assert.deepInclude(recovery, { delivered: 3, remaining: 0 });
        yield* Fiber.join(flushing);
        yield* recorder.flushOrFail;
        assert.lengthOf(yield* stored((yield* recorder.experiment).id), 3);
        const { experiment } = yield* Experiments.get((yield* recorder.experiment).id);
        assert.strictEqual(experiment.status, "done");
      }).pipe(
        Effect.scoped,
        Effect.provide(slow(directory, { ...manually, shutdownTimeout: "10 seconds" })),
        Effect.andThen(Effect.sync(() => assert.deepStrictEqual(readdirSync(directory), []))),
      ),
    ),
  );

  it.live("does not wait for it in flushOrFail, and tells of it", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const recorder = yield* recording(directory);
        const error = yield* Effect.flip(recorder.flushOrFail);
        assert.deepInclude(error, { pending: 2, dropped: 0 });
      }).pipe(Effect.scoped, Effect.provide(slow(directory, manually))),
    ),
  );

  it.live("takes it back when the other process has left it", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const recorder = yield* recording(directory);
        yield* recorder.flush;
        assert.lengthOf(yield* stored((yield* recorder.experiment).id), 3);
      }).pipe(Effect.scoped, Effect.provide(slow(directory))),
    ),
  );
});

describe("what was taken over from others", () => {
  const manually = { recoverOnStart: false };

  it.live("is let go of when it is taken over again", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        yield* Faults.status(401, { times: Infinity, match: { operation: operation.metrics } });
        yield* Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "left" });
          // More than is read at once.
          const metadata = { text: "x".repeat(60_000) };
          for (let step = 0; step < 100; step++) {
            yield* recorder.metric("loss", 1, { step, metadata });
          }
        }).pipe(
          Effect.scoped,
          Effect.provide(collecting(directory, manually, { durability: "event" })),
        );

        assert.deepInclude(yield* Collector.recover, { delivered: 0, remaining: 100 });
        take(directory);
        yield* Faults.clear;
        const elsewhere = Effect.provide(Collector.recover, collecting(directory, manually));
        assert.deepInclude(yield* elsewhere, { delivered: 100, remaining: 0 });
        assert.deepInclude(yield* Collector.recover, { remaining: 0 });
      }).pipe(Effect.provide(collecting(directory, manually))),
    ),
  );
});

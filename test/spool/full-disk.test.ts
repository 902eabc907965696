import * as NodeServices from "@effect/platform-node/NodeServices";
import { assert, beforeEach, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as PlatformError from "effect/PlatformError";
import * as Schedule from "effect/Schedule";
import { readdirSync } from "node:fs";
import * as Collector from "../../src/Collector.ts";
import * as Spool from "../../src/Spool.ts";
import * as Faults from "../../src/testing/Faults.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import { Disk } from "../support/disk.ts";
import { listening } from "../support/logs.ts";
import { temporaryDirectory } from "../support/processes.ts";
import { stored } from "../support/recording.ts";

const { said, layer: logger } = listening();
beforeEach(() => {
  said.length = 0;
});

/** Until something could not be written. */
const isFelt = Effect.suspend(() =>
  said.some((line) => line.includes("ENOSPC")) ? Effect.void : Effect.fail("not yet"),
).pipe(Effect.retry(Schedule.spaced("5 millis")));

const recordingOn = (disk: Disk, directory: string, options: Spool.FileOptions) =>
  Collector.layer({ interval: "20 millis", shutdownTimeout: "100 millis" }).pipe(
    Layer.provideMerge(
      Spool.layerFileSystem(directory, { lease: "200 millis", ...options }).pipe(
        Layer.provide(disk.layer),
      ),
    ),
    Layer.provideMerge(logger),
  );

describe("a disk that becomes full", () => {
  for (const durability of ["event", "batch"] as const) {
    it.live(`costs nothing while the service takes the events (${durability})`, () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory;
        const disk = new Disk();
        yield* Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "iris" });
          const record = (from: number) =>
            Effect.forEach(
              Array.from({ length: 100 }, (_, i) => from + i),
              (step) => recorder.metric("loss", 1, { step }),
              { discard: true },
            );
          yield* record(0);
          disk.isFull = true;
          yield* record(100);
          yield* isFelt;
          yield* record(200);
          yield* Effect.sleep("50 millis");
          disk.isFull = false;
          yield* record(300);
          yield* recorder.flushOrFail;
          const steps = Array.from({ length: 400 }, (_, step) => `loss/${step}`);
          assert.deepStrictEqual(
            new Set(yield* stored((yield* recorder.experiment).id)),
            new Set(steps),
          );
        }).pipe(Effect.scoped, Effect.provide(recordingOn(disk, directory, { durability })));
        // Nothing is left behind.
        assert.deepStrictEqual(readdirSync(directory), []);
      }).pipe(Effect.provide(MetricsServer.layerClient())),
    );
  }

  it.live("drops what memory does not hold either, counts it, and holds nobody up", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const disk = new Disk();
      yield* Effect.gen(function* () {
        const recorder = yield* Collector.experiment({ slug: "iris" });
        yield* Faults.status(401, { times: Infinity });
        disk.isFull = true;
        for (let step = 0; step < 1000; step++) {
          yield* recorder.metric("loss", 1, { step });
          if (step % 10 === 0) yield* Effect.sleep("1 millis");
        }
        const error = yield* Effect.flip(recorder.flushOrFail);
        assert.deepInclude(error, { pending: 250, dropped: 750 });
        yield* Faults.clear;
        yield* recorder.flush;
        assert.lengthOf(yield* stored((yield* recorder.experiment).id), 250);
        const again = yield* Effect.flip(recorder.flushOrFail);
        assert.deepInclude(again, { pending: 0, dropped: 750 });
      }).pipe(Effect.scoped, Effect.provide(recordingOn(disk, directory, { capacity: 250 })));
      const full = said.filter((line) => line.includes("ENOSPC"));
      assert.lengthOf(full, 1);
      assert.match(full[0]!, /^Cannot write .*\.spool: ENOSPC.* kept in memory/);
    }).pipe(Effect.scoped, Effect.provide(MetricsServer.layerClient())),
  );

  it.live("that has room again has what was recorded then, and before", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const disk = new Disk();
      yield* Effect.gen(function* () {
        const recorder = yield* Collector.experiment({ slug: "iris" });
        yield* Faults.status(401, { times: Infinity });
        yield* recorder.metric("before", 1);
        yield* Effect.sleep("50 millis");
        disk.isFull = true;
        yield* recorder.metric("during", 1);
        yield* isFelt;
        disk.isFull = false;
        yield* recorder.metric("after", 1);
      }).pipe(Effect.scoped, Effect.provide(recordingOn(disk, directory, {})));
      yield* Faults.clear;
      const recovery = yield* Effect.provide(
        Collector.recover,
        recordingOn(new Disk(), directory, {}),
      );
      assert.deepStrictEqual(recovery, { delivered: 3, refused: 0, remaining: 0, leftAlone: [] });
    }).pipe(Effect.scoped, Effect.provide(MetricsServer.layerClient())),
  );
});

describe("a disk that has room again only at the end", () => {
  it.live("has what it would not take before, though all else was delivered", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const disk = new Disk();
      disk.isFull = true;
      yield* Effect.gen(function* () {
        const recorder = yield* Collector.experiment({ slug: "iris" });
        yield* Faults.status(401, { times: Infinity });
        yield* recorder.metric("only", 1);
        yield* Effect.flip(recorder.flushOrFail);
        yield* isFelt;
        disk.isFull = false;
      }).pipe(Effect.scoped, Effect.provide(recordingOn(disk, directory, {})));
      yield* Faults.clear;
      const recovery = yield* Effect.provide(Collector.recover, recordingOn(disk, directory, {}));
      assert.deepStrictEqual(recovery, { delivered: 1, refused: 0, remaining: 0, leftAlone: [] });
    }).pipe(Effect.scoped, Effect.provide(MetricsServer.layerClient())),
  );
});

describe("a directory that may not be written", () => {
  const readOnly = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      writeFileString: (path: string) =>
        Effect.fail(
          PlatformError.systemError({
            _tag: "PermissionDenied",
            module: "FileSystem",
            method: "writeFile",
            pathOrDescriptor: path,
            cause: new Error("EROFS: read-only file system, open"),
          }),
        ),
    })),
  ).pipe(Layer.provideMerge(NodeServices.layer));

  it.live("fails the layer, and says where", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      const error = yield* Effect.flip(
        Effect.scoped(Layer.build(Spool.layerFileSystem(directory).pipe(Layer.provide(readOnly)))),
      );
      assert(error._tag === "SpoolError");
      assert.include(error.path, directory);
      assert.match(error.message, /^Cannot write .*: EROFS: read-only file system/);
    }).pipe(Effect.scoped),
  );
});

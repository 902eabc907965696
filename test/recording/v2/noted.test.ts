/** What is noted of several requests at a time is there whole, for whoever takes the log over. */
import * as NodeServices from "@effect/platform-node/NodeServices";
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import { Noted } from "../../../src/internal/recording/note.ts";
import { adoptIn, destination, inDirectory, limits, spoolOn } from "../../support/spools.ts";

/** A disk that takes its time, and tells whether two write a file at a time. */
const slowDisk = () => {
  const writing = new Set<string>();
  const together: Array<string> = [];
  const layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      writeFileString: (path: string, text: string) =>
        Effect.suspend(() => {
          if (writing.has(path)) together.push(path);
          writing.add(path);
          return Effect.andThen(Effect.sleep(1), fs.writeFileString(path, text));
        }).pipe(Effect.ensuring(Effect.sync(() => writing.delete(path)))),
    })),
  ).pipe(Layer.provideMerge(NodeServices.layer));
  return { layer, together };
};

it.live("requests that are under way at a time are all noted, by one write after the other", () =>
  inDirectory((directory) =>
    Effect.gen(function* () {
      const keys = Array.from({ length: 30 }, (_, i) => `key-${i}`);
      const { layer, together } = slowDisk();
      yield* Effect.gen(function* () {
        const spool = yield* spoolOn(directory, {}, layer);
        const log = yield* spool.open(destination, '{"input":{"slug":"iris"}}', limits);
        yield* log.offer("metric", "1");
        const noted = new Noted(log);
        yield* Effect.forEach(keys, (key) => noted.sending(key), { concurrency: "unbounded" });
      }).pipe(Effect.scoped);
      assert.deepStrictEqual(together, []);
      const { leftovers } = yield* adoptIn(directory);
      const { now } = new Noted(leftovers[0]!);
      assert.sameMembers(Object.keys(now.unanswered ?? {}), keys);
    }),
  ),
);

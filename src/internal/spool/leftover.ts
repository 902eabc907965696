import * as Effect from "effect/Effect";
import { isStatus } from "./block.ts";
import { failing } from "./disk.ts";
import type { SpoolDirectory } from "./fileLog.ts";
import { isRunning, keepEnd, type Label, writeLabel } from "./logDirectory.ts";
import { findSegments, Segments } from "./segments.ts";
import type { Leftover, Limits, SpoolError } from "./service.ts";

/** A log that this process has taken over. There is nothing of it when its owner had not even labelled it. */
export const makeLeftover = (
  { disk, release }: Pick<SpoolDirectory, "disk" | "release">,
  limits: Limits,
  log: string,
  label: Label | undefined,
): Effect.Effect<Leftover | undefined, SpoolError> =>
  Effect.gen(function* () {
    const remove = disk.fs
      .remove(log, { recursive: true, force: true })
      .pipe(failing("remove", log));
    const found = yield* findSegments(disk, log);
    if (label === undefined) {
      // And so it had not written anything else.
      yield* found.segments.length === 0 ? remove : release(log);
      return undefined;
    }
    const { destination } = label;
    let { note } = label;
    const segments = new Segments(disk, log, limits, found);
    const running = yield* isRunning(disk, log);
    let settled = 0;
    return {
      destination,
      note: () => note,
      keepNote: (text) =>
        Effect.suspend(() => {
          note = text;
          return Effect.ignore(writeLabel(disk, log, { destination, note }));
        }),
      isOfRun: running || found.status !== undefined,
      interrupted: running && found.status !== "ended",
      end: (entry) => keepEnd(disk, log, entry),
      remaining: () => found.events - settled,
      poll: Effect.map(
        segments.poll,
        (read) =>
          read && {
            ...read,
            settle: Effect.suspend(() => {
              if (!isStatus(read.kind)) settled += read.count;
              return read.settle;
            }),
          },
      ),
      isHere: Effect.orElseSucceed(disk.fs.exists(log), () => true),
      remove,
      release: Effect.andThen(segments.note, release(log)),
    };
  });

import * as Effect from "effect/Effect";
import { isStatus } from "./block.ts";
import { failing } from "./disk.ts";
import type { SpoolDirectory } from "./fileLog.ts";
import { isRunning, keepEnd, readDestination } from "./logDirectory.ts";
import { findSegments, Segments } from "./segments.ts";
import type { Destination, Leftover, Limits, Recipient, SpoolError } from "./service.ts";

/** Takes a log over that its owner left, if it is for this recipient and nobody else does. */
export const makeLeftover = (
  { disk, release }: Pick<SpoolDirectory, "disk" | "release">,
  {
    recipient,
    limits,
    onOther,
  }: {
    readonly recipient: Recipient;
    readonly limits: Limits;
    /** What is for another recipient is left. */
    readonly onOther: (destination: Destination) => Effect.Effect<void>;
  },
  directory: string,
  take: Effect.Effect<string | undefined, SpoolError>,
): Effect.Effect<Leftover | undefined, SpoolError> =>
  Effect.gen(function* () {
    const destination = yield* readDestination(disk, directory);
    // A key goes only to the host it is paired with, and so does an event; and what is written for one generation is
    // not read by another.
    if (
      destination !== undefined &&
      (destination.host !== recipient.host || destination.api !== recipient.api)
    ) {
      yield* onOther(destination);
      return undefined;
    }
    const log = yield* take;
    if (log === undefined) return undefined;
    const remove = disk.fs
      .remove(log, { recursive: true, force: true })
      .pipe(failing("remove", log));
    const found = yield* findSegments(disk, log);
    if (destination === undefined) {
      // Its owner ended before it had written whose it is, and so before it had written anything else.
      if (found.segments.length === 0) yield* remove;
      return undefined;
    }
    const segments = new Segments(disk, log, limits, found);
    const interrupted = found.status !== "ended" && (yield* isRunning(disk, log));
    let settled = 0;
    return {
      destination,
      interrupted,
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
      release: release(log),
    };
  });

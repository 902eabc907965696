import * as Effect from "effect/Effect";
import type { SpoolError } from "./spoolError.ts";
import { failing } from "./disk.ts";
import type { Ground } from "./fileLog.ts";
import { isRunning, readHome } from "./home.ts";
import type { Limits } from "./intake.ts";
import type { Leftover } from "./log.ts";
import { findSegments, Segments } from "./segments.ts";
import { isFinal } from "./status.ts";

/** Takes a log over that its owner left, if it is for this host and nobody else does. */
export const makeLeftover = (
  { disk, leave }: Pick<Ground, "disk" | "leave">,
  {
    host,
    limits,
    elsewhere,
  }: {
    readonly host: string;
    readonly limits: Limits;
    /** Is told of what is for another host, and left. */
    readonly elsewhere: (host: string) => Effect.Effect<void>;
  },
  directory: string,
  take: Effect.Effect<string | undefined, SpoolError>,
): Effect.Effect<Leftover | undefined, SpoolError> =>
  Effect.gen(function* () {
    const destination = yield* readHome(disk, directory);
    // A key goes only to the host it is paired with, and so does an event.
    if (destination !== undefined && destination.host !== host) {
      yield* elsewhere(destination.host);
      return undefined;
    }
    const home = yield* take;
    if (home === undefined) return undefined;
    const remove = disk.fs
      .remove(home, { recursive: true, force: true })
      .pipe(failing("remove", home));
    const found = yield* findSegments(disk, home);
    if (destination === undefined) {
      // Its owner ended before it had written whose it is, and so before it had written anything else.
      if (found.segments.length === 0) yield* remove;
      return undefined;
    }
    const segments = new Segments(disk, home, limits, found);
    const running = yield* isRunning(disk, home);
    const last = found.statuses.at(-1);
    let settled = 0;
    return {
      destination,
      interrupted: running && (last === undefined || !isFinal(last)),
      remaining: () => found.events - settled,
      poll: Effect.map(
        segments.poll,
        (read) =>
          read && {
            ...read,
            settle: Effect.suspend(() => {
              if (read.kind !== "status") settled += read.count;
              return read.settle;
            }),
          },
      ),
      isHere: Effect.orElseSucceed(disk.fs.exists(home), () => true),
      remove,
      release: leave(home),
    };
  });

import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Latch from "effect/Latch";
import * as Semaphore from "effect/Semaphore";
import type * as Scope from "effect/Scope";
import { Appender } from "./appender.ts";
import { encodeBlocks, isStatus } from "./block.ts";
import { type Disk, failing } from "./disk.ts";
import { EventBuffer } from "./eventBuffer.ts";
import { Location, TakenOver } from "./locations.ts";
import { type Label, makeLogDirectory, noteRunning, writeLabel } from "./logDirectory.ts";
import type { PendingBatch } from "./pendingBatch.ts";
import { Segments } from "./segments.ts";
import type { Batch, Limits, Log, Overflow, SpoolError } from "./service.ts";

/** How much is written at once, in batches. */
const maxGroup = 8;

/** How often a directory is made anew that was gone before it was whole. */
const maxReopened = 5;

export interface FileLogOptions {
  readonly durability: "event" | "batch";
  readonly capacity: number;
  readonly overflow: Overflow;
}

/** The directory that holds the directories of logs. */
export interface SpoolDirectory {
  readonly disk: Disk;
  readonly directory: string;
  /** Names the directory of a log that is not there yet, and belongs to this process. */
  readonly newName: () => string;
  /** Leaves the directory of a log to whoever comes next. */
  readonly release: (log: string) => Effect.Effect<void>;
  /** Whether it, or what became of it in other hands, is still there. */
  readonly exists: (log: string) => Effect.Effect<boolean>;
  /** Whether this process was never silent for so long that another one could take it for gone. */
  readonly hasAlwaysShown: () => boolean;
  /** How long to wait before that is looked at again. */
  readonly pollInterval: Duration.Duration;
}

/** A batch that the disk would not take, to be sent from memory after `after` entries of the files. */
interface Unwritten {
  readonly pending: PendingBatch;
  readonly after: number;
}

/**
 * A log in files of its own. Entries pass through memory to the disk, and are read from there to be sent, but for what
 * was written a moment ago, so that memory does not grow with what waits.
 */
export const makeFileLog = (
  spool: SpoolDirectory,
  { destination, note: firstNote }: Label,
  limits: Limits,
  options: FileLogOptions,
): Effect.Effect<Log, SpoolError, Scope.Scope> =>
  Effect.gen(function* () {
    const { disk, directory, newName, release, exists, hasAlwaysShown, pollInterval } = spool;
    // The batch is to be on the disk, and not only closed, when it is as old as it may be.
    const interval = Duration.times(limits.interval, 0.75);
    const buffer = new EventBuffer(yield* Clock.Clock, options.capacity, options.overflow, {
      ...limits,
      interval,
    });
    let note = firstNote;
    const readable = Latch.makeUnsafe(false);
    const perEvent = options.durability === "event";
    const unwritten: Array<Unwritten> = [];
    /** Those of them that are under way. */
    const underWay = new Set<PendingBatch>();
    const takenOver = new TakenOver();
    /** What was read from files that are deleted. */
    let rescued: ReadonlyArray<Batch> = [];
    /** What is said of the run waits for what was taken over. */
    let held: Batch | undefined;
    let running = false;
    let disabled = false;

    const openLocation = (again = maxReopened): Effect.Effect<Location, SpoolError> =>
      Effect.suspend(() => {
        const name = newName();
        return Effect.gen(function* () {
          yield* makeLogDirectory(disk, name, { destination, note });
          if (running) yield* noteRunning(disk, name, true);
          const segments = new Segments(disk, name, limits, undefined);
          return new Location(segments, new Appender(disk, segments), buffer);
        }).pipe(
          // A process that does not show for longer than its lease may lose a directory before it is whole.
          Effect.catch((error) =>
            Effect.flatMap(
              Effect.orElseSucceed(disk.fs.exists(name), () => true),
              (isHere) => (isHere || again === 0 ? Effect.fail(error) : openLocation(again - 1)),
            ),
          ),
        );
      });
    let location = yield* openLocation();

    const isHere = Effect.suspend(() => {
      const { directory } = location.segments;
      return disk.fs.exists(directory).pipe(failing("read", directory));
    });

    const moved = Effect.suspend(() => {
      const { segments } = location;
      return Effect.flatMap(exists(segments.directory), (isElsewhere) => {
        if (isElsewhere || !hasAlwaysShown()) {
          takenOver.add(location);
          return Effect.logWarning(
            `Another process took ${segments.directory} over, as this one did not show for too long. ` +
              "It sends what is there; recording goes on beside it.",
          );
        }
        const from = location;
        rescued = [...rescued, ...segments.rescue().map((read) => readFrom(from, read))];
        const lost = from.loseUnread();
        return Effect.logError(
          `${segments.directory} was deleted, and ${lost} events with it that had not been sent. ` +
            "Recording goes on in a new one.",
        );
      });
    });

    /**
     * The next process may have taken this one for gone, and the directory with it; or somebody deleted it. Answers
     * whether it was gone.
     */
    const moveIfGone = Effect.gen(function* () {
      if (yield* isHere) return false;
      yield* moved;
      location = yield* openLocation();
      for (const [index, one] of unwritten.entries()) unwritten[index] = { ...one, after: 0 };
      readable.openUnsafe();
      return true;
    });
    /** Writing and moving, one at a time. */
    const oneAtATime = Semaphore.makeUnsafe(1).withPermits(1);

    const write = (group: ReadonlyArray<PendingBatch>): Effect.Effect<void, SpoolError> =>
      Effect.gen(function* () {
        const encoded = encodeBlocks(
          group.map((pending) => ({
            kind: pending.kind,
            count: pending.count,
            body: pending.body,
          })),
        );
        const status = group.findLast(({ kind }) => isStatus(kind))?.kind;
        const attempt = Effect.gen(function* () {
          // Noted before the first event and until the last one is written: whoever finds the log knows whether the
          // run was cut off.
          if (status !== undefined && !running) {
            running = true;
            yield* noteRunning(disk, location.segments.directory, true);
          }
          yield* location.appender.append(encoded.bytes);
        });
        const written = yield* Effect.result(attempt);
        if (yield* moveIfGone) yield* location.appender.append(encoded.bytes);
        else yield* Effect.fromResult(written);
        for (const { kind, count } of group) location.write(kind, count);
        location.segments.hold(encoded);
        if (status === "ended") {
          running = false;
          yield* noteRunning(disk, location.segments.directory, false);
        }
      }).pipe(oneAtATime);

    const persist = (group: ReadonlyArray<PendingBatch>): Effect.Effect<void> =>
      write(group).pipe(
        Effect.flatMap(() => {
          for (const pending of group) {
            buffer.release(pending.kind, pending.count);
            buffer.reuse(pending);
          }
          if (!disabled) return Effect.void;
          disabled = false;
          buffer.overflow = options.overflow;
          return Effect.logInfo(`${location.segments.directory} can be written again`);
        }),
        Effect.catch((error) => {
          for (const pending of group) unwritten.push({ pending, after: location.written });
          if (disabled) return Effect.void;
          disabled = true;
          // Waiting for a disk that fails would be waiting for ever.
          if (buffer.overflow === "backpressure") buffer.overflow = "dropNewest";
          buffer.wake();
          return Effect.logError(
            `${error.message}. Events are kept in memory and sent from there, at most ${options.capacity}; ` +
              "beyond that they are dropped.",
          );
        }),
        Effect.andThen(
          Effect.sync(() => {
            for (const { waiting } of group) for (const done of waiting) done();
            readable.openUnsafe();
          }),
        ),
        Effect.uninterruptible,
      );

    const persistAll = Effect.gen(function* () {
      for (;;) {
        if (perEvent) buffer.seal();
        const group: Array<PendingBatch> = [];
        for (let next = buffer.take(); next !== undefined; next = buffer.take()) {
          group.push(next);
          if (group.length === maxGroup) break;
        }
        if (group.length === 0) return;
        yield* persist(group);
      }
    }).pipe(Effect.uninterruptible);

    const close = Effect.gen(function* () {
      buffer.end();
      yield* Fiber.interrupt(writer);
      yield* persistAll;
      const lost = [...underWay, ...unwritten.splice(0).map(({ pending }) => pending)];
      if (lost.length > 0) {
        const count = lost.reduce((sum, { count }) => sum + count, 0);
        yield* Effect.catch(write(lost), (error) =>
          Effect.logError(`${count} events of ${destination.slug} are lost: ${error.message}`),
        );
      }
      const { segments } = location;
      yield* location.remaining === 0 && !running
        ? Effect.ignore(disk.fs.remove(segments.directory, { recursive: true, force: true }))
        : Effect.andThen(segments.note, release(segments.directory));
    });

    yield* Effect.forkScoped(buffer.timer);
    const writer = yield* Effect.forkScoped(
      Effect.forever(Effect.andThen(buffer.ready.await, persistAll)),
    );
    yield* Effect.forkScoped(takenOver.watch(exists, pollInterval, () => readable.openUnsafe()));
    yield* Effect.addFinalizer(() => close);

    const untilWritten = (pending: PendingBatch | undefined): Effect.Effect<void> =>
      pending === undefined
        ? Effect.void
        : Effect.callback<void>((resume) => {
            pending.waiting.push(() => resume(Effect.void));
            buffer.ready.openUnsafe();
          });

    const fromMemory = ({ pending }: Unwritten): Batch => {
      const { kind, count } = pending;
      underWay.add(pending);
      return {
        kind,
        count,
        body: pending.body,
        settle: Effect.sync(() => {
          underWay.delete(pending);
          buffer.leave(kind, count);
          buffer.release(kind, count);
        }),
      };
    };

    const readFrom = (here: Location, read: Batch): Batch => ({
      ...read,
      settle: Effect.suspend(() => {
        here.leave(read.kind, read.count);
        return read.settle;
      }),
    });

    const fromFiles: Effect.Effect<Batch | undefined, SpoolError> = Effect.suspend(() => {
      const [first, ...others] = rescued;
      if (first !== undefined) {
        rescued = others;
        return Effect.succeed(first);
      }
      const here = location;
      return here.segments.poll.pipe(
        Effect.map((read) => read && readFrom(here, read)),
        Effect.catch((error) =>
          Effect.flatMap(oneAtATime(moveIfGone), (gone) => (gone ? fromFiles : Effect.fail(error))),
        ),
      );
    });

    const next = Effect.gen(function* () {
      if (held === undefined) {
        const batch = yield* fromFiles;
        if (batch === undefined || !isStatus(batch.kind) || takenOver.isEmpty) return batch;
        held = batch;
      }
      if (!takenOver.isEmpty) return undefined;
      const batch = held;
      held = undefined;
      return batch;
    });

    return {
      destination,
      directory,
      note: () => note,
      keepNote: (text) =>
        Effect.suspend(() => {
          note = text;
          return Effect.ignore(
            writeLabel(disk, location.segments.directory, { destination, note }),
          );
        }),
      offerUnsafe: (kind, entry) => {
        const taken = buffer.offerUnsafe(kind, entry) !== undefined;
        if (perEvent) buffer.ready.openUnsafe();
        return taken;
      },
      offer: (kind, entry) =>
        perEvent || isStatus(kind)
          ? Effect.flatMap(buffer.offer(kind, entry), untilWritten)
          : buffer.accept(kind, entry, untilWritten),
      seal: Effect.sync(() => buffer.seal()),
      ready: readable.await,
      poll: Effect.suspend(() => {
        readable.closeUnsafe();
        const [first] = unwritten;
        if (first !== undefined && location.segments.polled >= first.after) {
          unwritten.shift();
          readable.openUnsafe();
          return Effect.succeed(fromMemory(first));
        }
        return Effect.tap(next, (batch) =>
          Effect.sync(() => batch !== undefined && readable.openUnsafe()),
        );
      }),
      dropping: buffer.dropping.await,
      accepted: () => buffer.accepted,
      left: () => buffer.left,
      waiting: () =>
        takenOver.unread +
        (held === undefined || takenOver.isEmpty ? 0 : held.count + location.unread),
      counts: () => buffer.counts(),
    };
  });

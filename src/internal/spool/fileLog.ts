import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Latch from "effect/Latch";
import * as Semaphore from "effect/Semaphore";
import type * as Scope from "effect/Scope";
import type { SpoolError } from "./spoolError.ts";
import { Appender } from "./appender.ts";
import { Away } from "./away.ts";
import { encodeBlocks, separator } from "./block.ts";
import { type Disk, failing } from "./disk.ts";
import { isFinal } from "./status.ts";
import { makeHome, noteRunning } from "./home.ts";
import { Intake, type Limits, type Overflow } from "./intake.ts";
import type { Batch, Destination, Log } from "./log.ts";
import type { Pending } from "./pending.ts";
import { Place } from "./place.ts";
import { Segments } from "./segments.ts";

/** How much is written at once, in batches. */
const maxGroup = 8;

export interface FileLogOptions {
  readonly durability: "event" | "batch";
  readonly capacity: number;
  readonly overflow: Overflow;
}

/** The directory that holds the directories of logs. */
export interface Ground {
  readonly disk: Disk;
  readonly directory: string;
  /** Names a directory that is not there yet, and belongs to this process. */
  readonly newHome: () => string;
  /** Leaves a directory to whoever comes next. */
  readonly leave: (home: string) => Effect.Effect<void>;
  /** Whether the directory, or what became of it in other hands, is still there. */
  readonly isAround: (home: string) => Effect.Effect<boolean>;
  /** How long to wait before that is looked at again. */
  readonly patience: Duration.Duration;
}

/** A batch that the disk would not take, to be sent from memory after `after` events of the files. */
interface Stranded {
  readonly pending: Pending;
  readonly after: number;
}

/**
 * A log in files of its own. Events pass through memory to the disk, and are read from there to be sent, so that memory does not grow with what waits.
 */
export const makeFileLog = (
  { disk, directory, newHome, leave, isAround, patience }: Ground,
  destination: Destination,
  limits: Limits,
  options: FileLogOptions,
): Effect.Effect<Log, SpoolError, Scope.Scope> =>
  Effect.gen(function* () {
    // The batch is to be on the disk, and not only closed, when it is as old as it may be.
    const interval = Duration.times(limits.interval, 0.75);
    const intake = new Intake(options.capacity, options.overflow, { ...limits, interval });
    const readable = Latch.makeUnsafe(false);
    const perEvent = options.durability === "event";
    const stranded: Array<Stranded> = [];
    /** Those of them that are under way. */
    const underWay = new Set<Pending>();
    const away = new Away();
    /** What is said of the run waits for what is away. */
    let held: Batch | undefined;
    let running = false;
    let disabled = false;

    const settleIn = Effect.fnUntraced(function* () {
      const home = newHome();
      yield* makeHome(disk, home, destination);
      if (running) yield* noteRunning(disk, home, true);
      const segments = new Segments(disk, home, limits, undefined);
      return new Place(segments, new Appender(disk, segments), intake);
    });
    let place = yield* settleIn();

    const isHere = Effect.suspend(() => {
      const { directory } = place.segments;
      return disk.fs.exists(directory).pipe(failing("read", directory));
    });

    /** The next process may have taken this one for gone, and the directory with it. Answers whether it had. */
    const moveIfTaken = Effect.gen(function* () {
      if (yield* isHere) return false;
      const { segments, appender } = place;
      yield* appender.close;
      yield* Effect.logWarning(
        `Another process took ${segments.directory} over, as this one did not show for too long. It sends what is there; recording goes on beside it.`,
      );
      away.add(place);
      place = yield* settleIn();
      for (const [index, one] of stranded.entries()) stranded[index] = { ...one, after: 0 };
      return true;
    });
    /** Writing and moving, one at a time. */
    const oneAtATime = Semaphore.makeUnsafe(1).withPermits(1);

    const write = (group: ReadonlyArray<Pending>): Effect.Effect<void, SpoolError> =>
      Effect.gen(function* () {
        const bytes = encodeBlocks(
          group.map((pending) => ({
            kind: pending.kind,
            count: pending.count,
            body: pending.close(),
          })),
        );
        const last = group
          .findLast(({ kind }) => kind === "status")
          ?.close()
          .split(separator)
          .at(-1);
        const attempt = Effect.gen(function* () {
          // Noted before the first event and until the last one is written: whoever finds the log knows whether the run was cut off.
          if (last !== undefined && !running) {
            running = true;
            yield* noteRunning(disk, place.segments.directory, true);
          }
          yield* place.appender.append(bytes);
        });
        const written = yield* Effect.result(attempt);
        if (yield* moveIfTaken) yield* place.appender.append(bytes);
        else yield* Effect.fromResult(written);
        for (const { kind, count } of group) place.write(kind, count);
        if (last !== undefined && isFinal(last)) {
          running = false;
          yield* noteRunning(disk, place.segments.directory, false);
        }
      }).pipe(oneAtATime);

    const persist = (group: ReadonlyArray<Pending>): Effect.Effect<void> =>
      write(group).pipe(
        Effect.flatMap(() => {
          for (const { kind, count } of group) intake.release(kind, count);
          if (!disabled) return Effect.void;
          disabled = false;
          intake.overflow = options.overflow;
          return Effect.logInfo(`${place.segments.directory} can be written again`);
        }),
        Effect.catch((error) => {
          for (const pending of group) stranded.push({ pending, after: place.written });
          if (disabled) return Effect.void;
          disabled = true;
          // Waiting for a disk that fails would be waiting for ever.
          if (intake.overflow === "backpressure") intake.overflow = "dropNewest";
          intake.wake();
          return Effect.logError(
            `${error.message}. Events are kept in memory and sent from there, at most ${options.capacity}; beyond that they are dropped.`,
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
        if (perEvent) intake.seal();
        const group: Array<Pending> = [];
        for (let next = intake.take(); next !== undefined; next = intake.take()) {
          group.push(next);
          if (group.length === maxGroup) break;
        }
        if (group.length === 0) return;
        yield* persist(group);
      }
    }).pipe(Effect.uninterruptible);

    const close = Effect.gen(function* () {
      intake.end();
      yield* Fiber.interrupt(writer);
      yield* persistAll;
      const lost = [...underWay, ...stranded.splice(0).map(({ pending }) => pending)];
      if (lost.length > 0) {
        yield* Effect.catch(write(lost), (error) =>
          Effect.logError(
            `${lost.reduce((sum, { count }) => sum + count, 0)} events of ${destination.slug} are lost: ${error.message}`,
          ),
        );
      }
      yield* place.appender.close;
      const { segments } = place;
      yield* place.remaining === 0 && !running
        ? Effect.ignore(disk.fs.remove(segments.directory, { recursive: true, force: true }))
        : leave(segments.directory);
    });

    yield* Effect.forkScoped(intake.timer);
    const writer = yield* Effect.forkScoped(
      Effect.forever(Effect.andThen(intake.ready.await, persistAll)),
    );
    yield* Effect.forkScoped(away.watch(isAround, patience, () => readable.openUnsafe()));
    yield* Effect.addFinalizer(() => close);

    const safe = (pending: Pending | undefined): Effect.Effect<void> =>
      pending === undefined
        ? Effect.void
        : Effect.callback<void>((resume) => {
            pending.waiting.push(() => resume(Effect.void));
            intake.ready.openUnsafe();
          });

    const fromMemory = ({ pending }: Stranded): Batch => {
      const { kind, count } = pending;
      underWay.add(pending);
      return {
        kind,
        count,
        body: pending.close(),
        settle: Effect.sync(() => {
          underWay.delete(pending);
          intake.leave(kind, count);
          intake.release(kind, count);
        }),
      };
    };

    const fromFiles: Effect.Effect<Batch | undefined, SpoolError> = Effect.suspend(() => {
      const here = place;
      return here.segments.poll.pipe(
        Effect.map(
          (read) =>
            read && {
              ...read,
              settle: Effect.suspend(() => {
                here.leave(read.kind, read.count);
                return read.settle;
              }),
            },
        ),
        Effect.catch((error) =>
          Effect.flatMap(oneAtATime(moveIfTaken), (taken) =>
            taken ? fromFiles : Effect.fail(error),
          ),
        ),
      );
    });

    const next = Effect.gen(function* () {
      if (held === undefined) {
        const batch = yield* fromFiles;
        if (batch?.kind !== "status" || away.isEmpty) return batch;
        held = batch;
      }
      if (!away.isEmpty) return undefined;
      const batch = held;
      held = undefined;
      return batch;
    });

    return {
      destination,
      directory,
      offerUnsafe: (kind, event) => {
        const taken = intake.offerUnsafe(kind, event) !== undefined;
        if (perEvent) intake.ready.openUnsafe();
        return taken;
      },
      offer: (kind, event) => {
        if (perEvent || kind === "status") return Effect.flatMap(intake.offer(kind, event), safe);
        if (intake.mustWait(kind)) return Effect.asVoid(intake.offer(kind, event));
        intake.offerUnsafe(kind, event);
        return Effect.void;
      },
      seal: Effect.sync(() => intake.seal()),
      ready: readable.await,
      poll: Effect.suspend(() => {
        readable.closeUnsafe();
        const [first] = stranded;
        if (first !== undefined && place.segments.polled >= first.after) {
          stranded.shift();
          readable.openUnsafe();
          return Effect.succeed(fromMemory(first));
        }
        return Effect.tap(next, (batch) =>
          Effect.sync(() => batch !== undefined && readable.openUnsafe()),
        );
      }),
      dropping: intake.dropping.await,
      accepted: () => intake.accepted,
      left: () => intake.left,
      waiting: () =>
        away.unread + (held === undefined || away.isEmpty ? 0 : held.count + place.unread),
      counts: () => ({
        pending: intake.accepted - intake.left - intake.statuses,
        dropped: intake.dropped,
      }),
    };
  });

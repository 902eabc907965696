import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { MetricsApiAuthError } from "../base/errors.ts";
import { countSetting } from "../base/settings.ts";
import { EventBuffer } from "./eventBuffer.ts";
import type { Destination, Limits, Log, MemoryOptions, Overflow, Spool } from "./service.ts";

/** A log that lives and dies with the process. */
const makeMemoryLog = (
  destination: Destination,
  note: string,
  capacity: number,
  overflow: Overflow,
  limits: Limits,
): Effect.Effect<Log, never, Scope.Scope> =>
  Effect.gen(function* () {
    const buffer = new EventBuffer(yield* Clock.Clock, capacity, overflow, limits);
    let kept = note;
    yield* Effect.forkScoped(buffer.timer);
    yield* Effect.addFinalizer(() => Effect.sync(() => buffer.end()));
    return {
      destination,
      note: () => kept,
      keepNote: (note) => Effect.sync(() => void (kept = note)),
      offerUnsafe: (kind, entry) => buffer.offerUnsafe(kind, entry) !== undefined,
      offer: (kind, entry) => buffer.accept(kind, entry, () => Effect.yieldNow),
      seal: Effect.sync(() => buffer.seal()),
      ready: buffer.ready.await,
      poll: Effect.sync(() => {
        const pending = buffer.take();
        if (pending === undefined) return undefined;
        const { kind, count } = pending;
        return {
          kind,
          count,
          body: pending.body,
          settle: Effect.sync(() => {
            buffer.leave(kind, count);
            buffer.release(kind, count);
            buffer.reuse(pending);
          }),
        };
      }),
      dropping: buffer.dropping.await,
      accepted: () => buffer.accepted,
      left: () => buffer.left,
      waiting: () => 0,
      counts: () => buffer.counts(),
      directory: undefined,
    };
  });

export const makeMemorySpool = (
  options: MemoryOptions,
): Effect.Effect<Spool["Service"], MetricsApiAuthError> =>
  Effect.map(countSetting(options.capacity ?? 100_000, "capacity"), (capacity) => ({
    open: (destination, note, limits) =>
      makeMemoryLog(destination, note, capacity, options.overflow ?? "dropOldest", limits),
    adopt: () => Effect.succeed({ leftovers: [], leftAlone: [] }),
    lease: Duration.zero,
    survives: false,
  }));

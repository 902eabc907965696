/** Where the files of a log are, and where they were before another process took them over. */
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import { idleSleep } from "../base/idleSleep.ts";
import type { Appender } from "./appender.ts";
import { isStatus } from "./block.ts";
import type { EventBuffer } from "./eventBuffer.ts";
import type { Segments } from "./segments.ts";
import type { Kind } from "./service.ts";

/** A directory of files, what was written there, and what of that is out. */
export class Location {
  readonly segments: Segments;
  readonly appender: Appender;
  readonly #buffer: EventBuffer;
  /** How many entries were written here. */
  #written = 0;
  #out = 0;
  /** How many of those written are no events but the status of the run. */
  #writtenStatuses = 0;
  /** How many of those are not out. */
  #statuses = 0;
  #gone = false;

  constructor(segments: Segments, appender: Appender, buffer: EventBuffer) {
    this.segments = segments;
    this.appender = appender;
    this.#buffer = buffer;
  }

  get written(): number {
    return this.#written;
  }

  /** How many are not out. */
  get remaining(): number {
    return this.#written - this.#out;
  }

  /** How many were not read to be sent. */
  get unread(): number {
    return this.#written - this.segments.polled;
  }

  write(kind: Kind, count: number): void {
    this.#written += count;
    if (!isStatus(kind)) return;
    this.#writtenStatuses += count;
    this.#statuses += count;
  }

  /**
   * These are out, unless all are known to be. It may be said before {@link write} is: what is on the disk can be
   * sent at once.
   */
  leave(kind: Kind, count: number): void {
    if (this.#gone) return;
    this.#out += count;
    if (isStatus(kind)) this.#statuses -= count;
    this.#buffer.leave(kind, count);
  }

  /** Everything here is out. */
  leaveAll(): void {
    this.#gone = true;
    this.#buffer.leave("ended", this.#statuses);
    this.#buffer.leave("metric", this.remaining - this.#statuses);
  }

  /** What was not read from here cannot be read any more. Answers how many events that are. */
  loseUnread(): number {
    const statuses = this.#writtenStatuses - this.segments.polledStatuses;
    this.#buffer.leave("ended", statuses);
    const lost = this.unread - statuses;
    this.#buffer.lose(lost);
    return lost;
  }
}

/**
 * What other processes took over, as this one did not show for too long. They send what is there, and then remove it:
 * until it is gone, nobody here can say that it was delivered.
 */
export class TakenOver {
  #locations: ReadonlyArray<Location> = [];
  readonly #some = Latch.makeUnsafe(false);

  get isEmpty(): boolean {
    return this.#locations.length === 0;
  }

  /** How many entries nobody here can send. */
  get unread(): number {
    return this.#locations.reduce((sum, { unread }) => sum + unread, 0);
  }

  add(location: Location): void {
    this.#locations = [...this.#locations, location];
    this.#some.openUnsafe();
  }

  /** Looks now and then, and calls `onGone` when something is gone. */
  watch(
    exists: (directory: string) => Effect.Effect<boolean>,
    every: Duration.Duration,
    onGone: () => void,
  ): Effect.Effect<never> {
    return Effect.gen({ self: this }, function* () {
      yield* this.#some.await;
      yield* idleSleep(every);
      for (const location of this.#locations) {
        if (yield* exists(location.segments.directory)) continue;
        location.leaveAll();
        this.#locations = this.#locations.filter((one) => one !== location);
        onGone();
      }
      if (this.isEmpty) this.#some.closeUnsafe();
    }).pipe(Effect.forever);
  }
}

import type * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import { isStatus, separator } from "./block.ts";
import { PendingBatch } from "./pendingBatch.ts";
import type { Entry, Kind, Limits, Log, Overflow } from "./service.ts";

/** Code units are one to three bytes of UTF-8. Only a long text is worth counting. */
const utf8Bytes = (entry: Entry): number => {
  if (typeof entry !== "string") return entry.length;
  if (entry.length < 300) return entry.length * 3;
  let bytes = entry.length;
  for (let i = 0; i < entry.length; i++) {
    const unit = entry.charCodeAt(i);
    // Each half of a surrogate pair makes two of its four bytes.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
};

/** How many rooms of batches are kept for others: as many as are written at once. */
const maxRooms = 8;

/**
 * Where entries wait in memory: the batch that is open, and those that are closed and not yet taken. It holds what it
 * has taken in until it is told that there is room again, and never more than its capacity; the status of a run
 * always has room.
 */
export class EventBuffer {
  readonly limits: Limits;
  readonly capacity: number;
  overflow: Overflow;

  /** How many entries were taken in. */
  accepted = 0;
  /** How many were not, or were put out again to make room. */
  dropped = 0;
  /** How many of those taken in are out again: delivered, refused, dropped. */
  left = 0;
  /** How many of those that are not out are no events but the status of a run. */
  statuses = 0;
  /** How many take up room. */
  held = 0;
  ended = false;

  /** Open while there is a closed batch to take. */
  readonly ready = Latch.makeUnsafe(false);
  /** Open once an event was dropped. */
  readonly dropping = Latch.makeUnsafe(false);
  readonly #opened = Latch.makeUnsafe(false);
  readonly #clock: Clock.Clock;
  /** In milliseconds. */
  readonly #interval: number;
  #open: PendingBatch | undefined;
  /** When its first entry came. */
  #openedAt = 0;
  #bytes = 0;
  /** Of the batch before. The next one is as large, more often than not. */
  #lastBytes = 0;
  /** For the next ones: the garbage collector has much to do where each has new room. */
  readonly #rooms: Array<Uint8Array> = [];
  readonly #closed: Array<PendingBatch> = [];
  #waiting: Array<() => void> = [];

  constructor(clock: Clock.Clock, capacity: number, overflow: Overflow, limits: Limits) {
    this.#clock = clock;
    this.#interval = Duration.toMillis(limits.interval);
    this.capacity = capacity;
    this.overflow = overflow;
    this.limits = limits;
  }

  get #isFull(): boolean {
    return this.held >= this.capacity;
  }

  /** Takes the entry into a batch at once, or does not. */
  offerUnsafe(kind: Kind, entry: Entry): PendingBatch | undefined {
    if (this.ended || (this.#isFull && !isStatus(kind) && !this.#makeRoom())) {
      this.#drop();
      return undefined;
    }
    return this.#push(kind, entry);
  }

  /** Whether {@link offer} would wait for room. */
  #mustWait(kind: Kind): boolean {
    return this.#isFull && !isStatus(kind) && this.overflow === "backpressure" && !this.ended;
  }

  /** Waits for room if that is the policy. */
  offer(kind: Kind, entry: Entry): Effect.Effect<PendingBatch | undefined> {
    if (!this.#mustWait(kind)) return Effect.succeed(this.offerUnsafe(kind, entry));
    const kept = typeof entry === "string" ? entry : entry.slice();
    return Effect.callback<PendingBatch | undefined>((resume) => {
      const again = () => resume(Effect.suspend(() => this.offer(kind, kept)));
      this.#waiting.push(again);
      return Effect.sync(() => {
        this.#waiting = this.#waiting.filter((one) => one !== again);
      });
    });
  }

  /**
   * {@link offer} for those who do not ask which batch it is in. A batch that is older than it may be shows that the
   * job lets nothing else have its turn, the timer that would have closed it included: then there is `late` to wait
   * for.
   */
  accept(
    kind: Kind,
    entry: Entry,
    late: (pending: PendingBatch) => Effect.Effect<void>,
  ): Effect.Effect<void> {
    if (this.#mustWait(kind)) return Effect.asVoid(this.offer(kind, entry));
    const pending = this.offerUnsafe(kind, entry);
    return pending?.isLate === true ? late(pending) : Effect.void;
  }

  counts(): ReturnType<Log["counts"]> {
    return { pending: this.accepted - this.left - this.statuses, dropped: this.dropped };
  }

  /** Closes the open batch. */
  seal(): void {
    if (this.#open === undefined) return;
    if (this.#open.count > 0) {
      this.#lastBytes = this.#bytes;
      this.#keep(this.#open.close());
      this.#closed.push(this.#open);
    }
    this.#open = undefined;
    this.#bytes = 0;
    if (this.#closed.length > 0) this.ready.openUnsafe();
  }

  /** The oldest closed batch. It takes up room until it is {@link release}d. */
  take(): PendingBatch | undefined {
    const first = this.#closed.shift();
    if (this.#closed.length === 0) this.ready.closeUnsafe();
    return first;
  }

  /** Nobody reads what is in the batch any more. */
  reuse(batch: PendingBatch): void {
    this.#keep(batch.letGo());
  }

  /** As many of this kind make room for others. */
  release(kind: Kind, count: number): void {
    if (isStatus(kind)) return;
    this.held -= count;
    this.wake();
  }

  /** As many of this kind are out. */
  leave(kind: Kind, count: number): void {
    this.left += count;
    if (isStatus(kind)) this.statuses -= count;
  }

  /** So many events were lost with what held them. */
  lose(count: number): void {
    this.left += count;
    this.dropped += count;
  }

  /** Those that wait look again. */
  wake(): void {
    const free = this.overflow === "backpressure" ? this.capacity - this.held : Infinity;
    for (const again of this.#waiting.splice(0, Math.max(0, free))) again();
  }

  /** Takes nothing in any more. */
  end(): void {
    this.seal();
    this.ended = true;
    for (const again of this.#waiting.splice(0)) again();
  }

  /** Closes the open batch when it is as old as it may be. */
  get timer(): Effect.Effect<never> {
    return Effect.forever(
      Effect.gen({ self: this }, function* () {
        yield* this.#opened.await;
        this.#opened.closeUnsafe();
        yield* Effect.sleep(this.limits.interval);
        this.seal();
      }),
    );
  }

  #keep(room: Uint8Array | undefined): void {
    if (room === undefined || room.length < this.#lastBytes || this.#rooms.length >= maxRooms)
      return;
    this.#rooms.push(room);
  }

  #push(kind: Kind, entry: Entry): PendingBatch {
    const bytes = utf8Bytes(entry) + separator.length;
    const { maxBytes, maxEvents } = this.limits;
    if (this.#open !== undefined) {
      if (this.#open.kind !== kind || this.#bytes + bytes > maxBytes) this.seal();
    }
    const now = this.#clock.currentTimeMillisUnsafe();
    let open = this.#open;
    if (open === undefined) {
      const room = this.#rooms.pop() ?? new Uint8Array(this.#lastBytes + bytes);
      open = this.#open = new PendingBatch(kind, room);
      this.#openedAt = now;
      this.#opened.openUnsafe();
    }
    open.push(entry);
    open.isLate = now - this.#openedAt >= this.#interval;
    this.#bytes += bytes;
    this.accepted++;
    if (isStatus(kind)) this.statuses++;
    else this.held++;
    if (isStatus(kind) || open.count >= maxEvents || open.isLate) this.seal();
    return open;
  }

  /** Puts the oldest event out that nobody has taken. */
  #makeRoom(): boolean {
    if (this.overflow !== "dropOldest") return false;
    const index = this.#closed.findIndex(({ kind }) => !isStatus(kind));
    const batch = this.#closed[index] ?? this.#open;
    if (batch === undefined || batch.count === 0) return false;
    batch.drop();
    if (index !== -1 && batch.count === 0) {
      this.#closed.splice(index, 1);
      for (const done of batch.waiting) done();
    }
    this.held--;
    this.left++;
    this.#drop();
    return true;
  }

  #drop(): void {
    if (this.dropped++ === 0) this.dropping.openUnsafe();
  }
}

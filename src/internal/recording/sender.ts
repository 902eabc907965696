import type * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Semaphore from "effect/Semaphore";
import { idleSleep } from "../base/idleSleep.ts";
import { isStatus } from "../spool/block.ts";
import type { Outgoing, SpoolError } from "../spool/service.ts";
import { Delivery } from "./delivery.ts";
import type { Send, SendError } from "./uplink.ts";

/** How many batches are under way at a time. */
const concurrency = 4;
/** How many may be sent after one that is not settled yet: they are sent again if the process dies before it is. */
const maxAhead = 16;

/** The wait after a pass that failed, beyond the retries of its requests. */
const firstWait = 1000;
const longestWait = 30_000;
/** However long the service asks to be left alone. */
const longestAsked = 3_600_000;

/** Failures of one kind are warned of once, and after that no more often than so, in milliseconds. */
const warnEvery = 600_000;

/** Failures of one kind: when they were last warned of, and how many there were since. */
interface Warning {
  at: number;
  since: number;
}

/** The service may number its answers, so their words are no kind. */
const kindOf = (error: SendError | SpoolError): string => {
  if (error._tag === "SpoolError") return error.operation;
  if (error._tag === "FolderPathError") return error._tag;
  return `${error.reason._tag} ${"status" in error ? error.status : ""}`;
};

/** What senders count. */
export interface Tally {
  delivered: number;
  /** Events that the service refused for good. */
  refused: number;
  /** How many passes failed. */
  failures: number;
  /** Why nothing gets through; `undefined` since something did. */
  lastError: SendError | SpoolError | undefined;
  readonly warnings: Map<string, Warning>;
  /** Nothing has got through since a warning. */
  warned: boolean;
}

export const newTally = (): Tally => ({
  delivered: 0,
  refused: 0,
  failures: 0,
  lastError: undefined,
  warnings: new Map(),
  warned: false,
});

/** Sends what there is, in order, a few batches at a time. */
export class Sender {
  readonly #outgoing: Outgoing;
  readonly #send: Send;
  readonly #tally: Tally;
  /** Called when the tally has changed. */
  readonly #onChange: () => void;
  readonly #wake = Latch.makeUnsafe(false);
  /** What was polled and is not settled, in order. */
  #unsettled: ReadonlyArray<Delivery> = [];
  #polled = 0;

  constructor(outgoing: Outgoing, send: Send, tally: Tally, onChange: () => void) {
    this.#outgoing = outgoing;
    this.#send = send;
    this.#tally = tally;
    this.#onChange = onChange;
  }

  /** Does not wait any longer before it tries again. */
  wake(): void {
    this.#wake.openUnsafe();
  }

  private readonly poll: Effect.Effect<Delivery | undefined, SpoolError> = Effect.gen(
    { self: this },
    function* () {
      const [first] = this.#unsettled;
      if (first !== undefined && this.#polled - first.number > maxAhead) return undefined;
      const batch = yield* this.#outgoing.poll;
      if (batch === undefined) return undefined;
      const delivery = new Delivery(batch, this.#polled++);
      this.#unsettled = [...this.#unsettled, delivery];
      return delivery;
    },
  ).pipe(Effect.uninterruptible);

  #run(delivery: Delivery): Effect.Effect<void, SendError> {
    const tally = this.#tally;
    return delivery
      .run(
        this.#send,
        (kind, error) =>
          Effect.suspend(() => {
            if (!isStatus(kind)) tally.refused++;
            const what = isStatus(kind) ? "The status of the run" : `An event (${kind})`;
            return Effect.logError(
              `${what} of ${this.#outgoing.destination.slug} is refused and not sent again: ${error.message}`,
            );
          }),
        (count) => {
          tally.delivered += count;
          tally.lastError = undefined;
          this.#onChange();
        },
      )
      .pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            this.#unsettled = this.#unsettled.filter((one) => one !== delivery);
            this.#onChange();
          }),
        ),
      );
  }

  /**
   * What the last pass left, and then what there is, until there is nothing more or something has failed. Answers how
   * many batches were sent.
   */
  private readonly pass: Effect.Effect<number, SendError | SpoolError> = Effect.gen(
    { self: this },
    function* () {
      const left = this.#unsettled.values();
      const [first] = this.#unsettled;
      const room = Semaphore.makeUnsafe(concurrency);
      let count = 0;
      let failure: Cause.Cause<SendError | SpoolError> | undefined;
      const fail = (cause: Cause.Cause<SendError | SpoolError>) =>
        Effect.sync((): undefined => {
          failure ??= cause;
        });
      const next = Effect.suspend(() => {
        const { value } = left.next();
        if (value !== undefined) return Effect.succeed(value);
        return Effect.catchCause(this.poll, fail);
      });
      for (;;) {
        yield* room.take(1);
        // One that fails at once is no reason not to try those that may go beside it.
        const delivery = failure === undefined || count < concurrency ? yield* next : undefined;
        if (delivery === undefined) {
          yield* room.release(1);
          break;
        }
        // Where the run stands is sent by itself, when everything before it is settled. When that failed before, nobody
        // waits for it any more.
        const others = isStatus(delivery.kind) && delivery !== first ? concurrency - 1 : 0;
        yield* room.take(others);
        if (others > 0 && failure !== undefined) {
          yield* room.release(1 + others);
          break;
        }
        count++;
        const sent = Effect.catchCause(this.#run(delivery), fail);
        yield* Effect.forkScoped(Effect.ensuring(sent, room.release(1 + others)));
      }
      yield* room.take(concurrency);
      // What another process had in hand may be out.
      this.#onChange();
      return failure === undefined ? count : yield* Effect.failCause(failure);
    },
  ).pipe(Effect.scoped);

  /** Until there is nothing more, or something failed that may pass: that is answered. */
  readonly drain: Effect.Effect<SendError | SpoolError | undefined> = Effect.gen(
    { self: this },
    function* () {
      const tally = this.#tally;
      for (;;) {
        const sent = yield* Effect.result(this.pass);
        if (sent._tag === "Failure") {
          tally.failures++;
          tally.lastError = sent.failure;
          this.#onChange();
          yield* this.#warn(sent.failure);
          return sent.failure;
        }
        if (tally.warned && tally.lastError === undefined) {
          tally.warned = false;
          yield* Effect.logInfo(`Events of ${this.#outgoing.destination.slug} are sent again`);
        }
        if (sent.success === 0) return undefined;
      }
    },
  );

  /** A service that is down for hours is not worth thousands of lines. */
  #warn(error: SendError | SpoolError): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { warnings } = this.#tally;
      const kind = kindOf(error);
      const warning = warnings.get(kind);
      if (warning !== undefined && now - warning.at < warnEvery) {
        warning.since++;
        return Effect.void;
      }
      const again =
        warning === undefined || warning.since === 0 ? "" : ` (${warning.since} times more since)`;
      warnings.set(kind, { at: now, since: 0 });
      this.#tally.warned = true;
      return Effect.logWarning(
        `Events of ${this.#outgoing.destination.slug} wait to be sent: ${error.message}${again}`,
      );
    });
  }

  /**
   * Sends for ever; when it fails, again after a wait that grows. What is kept elsewhere is no reason to keep a process
   * alive for that.
   */
  forever(ready: Effect.Effect<void>, isKept: boolean): Effect.Effect<never> {
    const sleep = isKept ? idleSleep : Effect.sleep;
    return Effect.gen({ self: this }, function* () {
      let wait = firstWait;
      for (;;) {
        // Who wakes it from here on wants another pass.
        this.#wake.closeUnsafe();
        const failure = yield* this.drain;
        if (failure === undefined) {
          wait = firstWait;
          yield* ready;
          continue;
        }
        const asked =
          "retryAfter" in failure && failure.retryAfter !== undefined
            ? Math.min(Duration.toMillis(failure.retryAfter), longestAsked)
            : 0;
        const pause = Duration.millis(Math.max(wait, asked));
        yield* Effect.raceFirst(sleep(pause), this.#wake.await);
        wait = Math.min(wait * 2, longestWait);
      }
    });
  }
}

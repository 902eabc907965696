import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Latch from "effect/Latch";
import { idleSleep } from "../base/idleSleep.ts";
import { isStatus } from "../spool/block.ts";
import type { Outgoing, SpoolError } from "../spool/service.ts";
import { Delivery } from "./delivery.ts";
import type { Send, SendError } from "./uplink.ts";

/** How many batches are under way at a time. */
const concurrency = 4;

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
  #window: Array<Delivery> = [];
  /** Where the run stands is sent when everything before it is settled. */
  #held: Delivery | undefined;

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

  private readonly fill: Effect.Effect<void, SpoolError> = Effect.gen({ self: this }, function* () {
    while (this.#window.length < concurrency && this.#held === undefined) {
      const batch = yield* this.#outgoing.poll;
      if (batch === undefined) break;
      const delivery = new Delivery(batch);
      if (isStatus(batch.kind)) this.#held = delivery;
      else this.#window.push(delivery);
    }
    if (this.#window.length === 0 && this.#held !== undefined) {
      this.#window.push(this.#held);
      this.#held = undefined;
    }
  }).pipe(Effect.uninterruptible);

  #run(delivery: Delivery): Effect.Effect<void, SendError> {
    const tally = this.#tally;
    return delivery.run(
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
    );
  }

  /** Until there is nothing more, or something failed that may pass: that is answered. */
  readonly drain: Effect.Effect<SendError | SpoolError | undefined> = Effect.gen(
    { self: this },
    function* () {
      const tally = this.#tally;
      for (;;) {
        const failed = yield* Effect.gen({ self: this }, function* () {
          yield* this.fill;
          const deliveries = this.#window;
          const exits = yield* Effect.forEach(
            deliveries,
            (delivery) => Effect.exit(this.#run(delivery)),
            { concurrency },
          );
          this.#window = deliveries.filter((_, i) => Exit.isFailure(exits[i] ?? Exit.void));
          this.#onChange();
          for (const exit of exits) yield* exit;
          return deliveries.length;
        }).pipe(Effect.result);
        if (failed._tag === "Failure") {
          tally.failures++;
          tally.lastError = failed.failure;
          this.#onChange();
          yield* this.#warn(failed.failure);
          return failed.failure;
        }
        if (tally.warned && tally.lastError === undefined) {
          tally.warned = false;
          yield* Effect.logInfo(`Events of ${this.#outgoing.destination.slug} are sent again`);
        }
        if (failed.success === 0) return undefined;
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

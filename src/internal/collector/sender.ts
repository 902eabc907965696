import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Latch from "effect/Latch";
import type { MetricsApiError } from "../../MetricsApiError.ts";
import type { SpoolError } from "../spool/spoolError.ts";
import type { Outgoing } from "../spool/log.ts";
import { Parcel, type Post } from "./delivery.ts";

/** How many batches are under way at a time. */
const concurrency = 4;

/** The wait after a pass that failed, beyond the retries of its requests. */
const firstWait = 1000;
const longestWait = 30_000;

/** What a sender tells of. */
export interface Account {
  delivered: number;
  /** Events that the service refused for good. */
  refused: number;
  /** How many passes failed. */
  failures: number;
  /** Why nothing gets through; `undefined` since something did. */
  trouble: MetricsApiError | SpoolError | undefined;
}

export const newAccount = (): Account => ({
  delivered: 0,
  refused: 0,
  failures: 0,
  trouble: undefined,
});

/** Sends what there is, in order, a few batches at a time. */
export class Sender {
  readonly #outgoing: Outgoing;
  readonly #post: Post;
  readonly account: Account;
  /** Called when the account has changed. */
  readonly #tell: () => void;
  readonly #wake = Latch.makeUnsafe(false);
  #window: Array<Parcel> = [];
  /** Where the run stands is said when everything before it is told. */
  #held: Parcel | undefined;

  constructor(outgoing: Outgoing, post: Post, account: Account, tell: () => void) {
    this.#outgoing = outgoing;
    this.#post = post;
    this.account = account;
    this.#tell = tell;
  }

  /** Does not wait any longer before it tries again. */
  wake(): void {
    this.#wake.openUnsafe();
  }

  private readonly fill: Effect.Effect<void, SpoolError> = Effect.gen({ self: this }, function* () {
    while (this.#window.length < concurrency && this.#held === undefined) {
      const batch = yield* this.#outgoing.poll;
      if (batch === undefined) break;
      const parcel = new Parcel(batch);
      if (batch.kind === "status") this.#held = parcel;
      else this.#window.push(parcel);
    }
    if (this.#window.length === 0 && this.#held !== undefined) {
      this.#window.push(this.#held);
      this.#held = undefined;
    }
  }).pipe(Effect.uninterruptible);

  #deliver(parcel: Parcel): Effect.Effect<void, MetricsApiError> {
    const { account } = this;
    return parcel.deliver(
      this.#post,
      (count, kind, error) =>
        Effect.suspend(() => {
          if (kind !== "status") account.refused += count;
          const what = kind === "status" ? "The status of the run" : `An event (${kind})`;
          return Effect.logError(
            `${what} of ${this.#outgoing.destination.slug} is refused and not sent again: ${error.message}`,
          );
        }),
      (count) => {
        account.delivered += count;
        account.trouble = undefined;
        this.#tell();
      },
    );
  }

  /** Until there is nothing more, or something failed that may pass: that is answered. */
  readonly drain: Effect.Effect<MetricsApiError | SpoolError | undefined> = Effect.gen(
    { self: this },
    function* () {
      const { account } = this;
      for (;;) {
        const failed = yield* Effect.gen({ self: this }, function* () {
          yield* this.fill;
          const parcels = this.#window;
          const exits = yield* Effect.forEach(
            parcels,
            (parcel) => Effect.exit(this.#deliver(parcel)),
            { concurrency },
          );
          this.#window = parcels.filter((_, i) => Exit.isFailure(exits[i] ?? Exit.void));
          this.#tell();
          for (const exit of exits) yield* exit;
          return parcels.length;
        }).pipe(Effect.result);
        if (failed._tag === "Failure") {
          account.failures++;
          const before = account.trouble;
          account.trouble = failed.failure;
          this.#tell();
          if (before?.message !== failed.failure.message) {
            yield* Effect.logWarning(
              `Events of ${this.#outgoing.destination.slug} wait to be sent: ${failed.failure.message}`,
            );
          }
          return failed.failure;
        }
        if (failed.success === 0) return undefined;
      }
    },
  );

  /** Sends for ever; when it fails, again after a wait that grows. */
  forever(ready: Effect.Effect<void>): Effect.Effect<never> {
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
            ? Duration.toMillis(failure.retryAfter)
            : 0;
        yield* Effect.raceFirst(Effect.sleep(Math.max(wait, asked)), this.#wake.await);
        wait = Math.min(wait * 2, longestWait);
      }
    });
  }
}

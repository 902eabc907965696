import * as Effect from "effect/Effect";
import * as Semaphore from "effect/Semaphore";
import type { SendError } from "./uplink.ts";

/** What is opened when it is first needed, once for all who need it. */
export class Opening<A, R> {
  readonly #open: Effect.Effect<A, SendError, R>;
  #opened: A | undefined;
  /** The attempts that failed, and how the last one did. */
  #failures = 0;
  #failed: SendError | undefined;
  readonly #oneAtATime = Semaphore.makeUnsafe(1);

  constructor(open: Effect.Effect<A, SendError, R>, opened: A | undefined) {
    this.#open = open;
    this.#opened = opened;
  }

  get opened(): A | undefined {
    return this.#opened;
  }

  /** It is no good any more; the next who needs it opens another, unless somebody has. */
  forget(one: A): void {
    if (this.#opened === one) this.#opened = undefined;
  }

  readonly get: Effect.Effect<A, SendError, R> = Effect.suspend(() => {
    const before = this.#failures;
    return this.#oneAtATime.withPermits(1)(
      Effect.suspend(() => {
        if (this.#opened !== undefined) return Effect.succeed(this.#opened);
        // Who waited for an attempt has its failure, too.
        return this.#failed !== undefined && this.#failures > before
          ? Effect.fail(this.#failed)
          : this.#try;
      }),
    );
  });

  readonly #try: Effect.Effect<A, SendError, R> = Effect.suspend(() => this.#open).pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        this.#failures++;
        this.#failed = error;
      }),
    ),
    Effect.tap((opened) => Effect.sync(() => void (this.#opened = opened))),
  );
}

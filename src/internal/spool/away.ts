import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import type { Place } from "./place.ts";

/**
 * What other processes took over, as this one did not show for too long. They send what is there, and then remove it: until it is gone, nobody
 * here can say that it was delivered.
 */
export class Away {
  #places: ReadonlyArray<Place> = [];
  readonly #some = Latch.makeUnsafe(false);

  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /** How many events nobody here can send. */
  get unread(): number {
    return this.#places.reduce((sum, { unread }) => sum + unread, 0);
  }

  add(place: Place): void {
    this.#places = [...this.#places, place];
    this.#some.openUnsafe();
  }

  /** Looks now and then, and tells when something is gone. */
  watch(
    isAround: (directory: string) => Effect.Effect<boolean>,
    every: Duration.Duration,
    tell: () => void,
  ): Effect.Effect<never> {
    return Effect.gen({ self: this }, function* () {
      yield* this.#some.await;
      yield* Effect.sleep(every);
      for (const place of this.#places) {
        if (yield* isAround(place.segments.directory)) continue;
        place.leaveAll();
        this.#places = this.#places.filter((one) => one !== place);
        tell();
      }
      if (this.isEmpty) this.#some.closeUnsafe();
    }).pipe(Effect.forever);
  }
}

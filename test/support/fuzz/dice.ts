/** Chance that can be had again: the same seed rolls the same. */
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";

export class Dice {
  readonly #random: Random.Random;

  constructor(seed: string) {
    this.#random = Effect.runSync(Random.withSeed(Random.Random, seed));
  }

  /** 0 to `below`, without it. */
  int(below: number): number {
    return Math.floor(this.#random.nextDoubleUnsafe() * below);
  }

  chance(probability: number): boolean {
    return this.#random.nextDoubleUnsafe() < probability;
  }

  pick<A>(choices: ReadonlyArray<A>): A {
    const found = choices[this.int(choices.length)];
    if (found === undefined) throw new Error("nothing to choose from");
    return found;
  }
}

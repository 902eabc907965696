import * as Effect from "effect/Effect";

/** Lets fibers wait for what a sender brings about. */
export class Progress {
  #waiting: Array<{ readonly isSo: () => boolean; readonly go: () => void }> = [];

  /** Something has changed. */
  readonly tell = (): void => {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = waiting.filter(({ isSo }) => !isSo());
    for (const one of waiting) if (!this.#waiting.includes(one)) one.go();
  };

  until(isSo: () => boolean): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (isSo()) return resume(Effect.void);
      const one = { isSo, go: () => resume(Effect.void) };
      this.#waiting.push(one);
      return Effect.sync(() => {
        this.#waiting = this.#waiting.filter((other) => other !== one);
      });
    });
  }
}

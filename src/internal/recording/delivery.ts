import * as Effect from "effect/Effect";
import type { MetricsApiRequestError } from "../base/errors.ts";
import { isStatus, joinEntries, splitEntries } from "../spool/block.ts";
import type { Batch, Kind } from "../spool/service.ts";
import type { Send } from "./uplink.ts";

/** An entry that the service will not take, whenever it is sent. */
export type Refuse = (kind: Kind, error: MetricsApiRequestError) => Effect.Effect<void>;

interface Part {
  readonly count: number;
  readonly body: Uint8Array;
}

const partOf = (entries: ReadonlyArray<Uint8Array>): Part => ({
  count: entries.length,
  body: joinEntries(entries),
});

const halves = ({ body, count }: Part): ReadonlyArray<Part> => {
  const entries = splitEntries(body);
  const middle = count >> 1;
  return [partOf(entries.slice(0, middle)), partOf(entries.slice(middle))];
};

const those = ({ body }: Part, indexes: ReadonlyArray<number>): Part => {
  const entries = splitEntries(body);
  return partOf(indexes.flatMap((index) => entries[index] ?? []));
};

/** A batch on its way. What of it has arrived is not sent again. */
export class Delivery {
  /** How many were polled before it. */
  readonly number: number;
  readonly #batch: Batch;
  readonly #parts: Array<Part>;

  constructor(batch: Batch, number: number) {
    this.number = number;
    this.#batch = batch;
    const { kind, count, body } = batch;
    this.#parts =
      kind === "metric"
        ? [{ count, body }]
        : splitEntries(body).map((entry) => ({ count: 1, body: entry }));
  }

  get kind(): Kind {
    return this.#batch.kind;
  }

  /**
   * Up to its end, or the first failure that may pass. A part that is refused without a word of the entry is halved
   * until that is found.
   */
  run(send: Send, refuse: Refuse, delivered: (count: number) => void) {
    return Effect.gen({ self: this }, function* () {
      const { kind, settle } = this.#batch;
      for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
        const { count, body } = part;
        const { left, refused } = yield* send(kind, body);
        if (count > 1 && refused.some(({ index }) => index === undefined)) {
          this.#parts.splice(0, 1, ...halves(part));
          continue;
        }
        this.#parts.splice(0, 1, ...(left === undefined ? [] : [those(part, left.indexes)]));
        const stored = count - refused.length - (left?.indexes.length ?? 0);
        if (stored > 0) delivered(isStatus(kind) ? 0 : stored);
        for (const { error } of refused) yield* refuse(kind, error);
        if (left !== undefined) return yield* Effect.fail(left.error);
      }
      yield* settle;
    });
  }
}

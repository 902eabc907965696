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

const halves = ({ body, count }: Part): ReadonlyArray<Part> => {
  const entries = splitEntries(body);
  const middle = count >> 1;
  return [entries.slice(0, middle), entries.slice(middle)].map((half) => ({
    count: half.length,
    body: joinEntries(half),
  }));
};

/** A batch on its way. What of it has arrived is not sent again. */
export class Delivery {
  readonly #batch: Batch;
  readonly #parts: Array<Part>;

  constructor(batch: Batch) {
    this.#batch = batch;
    const { kind, count, body } = batch;
    this.#parts =
      kind === "metric"
        ? [{ count, body }]
        : splitEntries(body).map((entry) => ({ count: 1, body: entry }));
  }

  /** Up to its end, or the first failure that may pass. A refused part is halved until the bad entry is found. */
  run(send: Send, refuse: Refuse, delivered: (count: number) => void) {
    return Effect.gen({ self: this }, function* () {
      const { kind, settle } = this.#batch;
      for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
        const { count, body } = part;
        const refusal = yield* send(kind, body);
        if (refusal === undefined) {
          this.#parts.shift();
          delivered(isStatus(kind) ? 0 : count);
        } else if (count > 1) {
          this.#parts.splice(0, 1, ...halves(part));
        } else {
          this.#parts.shift();
          yield* refuse(kind, refusal);
        }
      }
      yield* settle;
    });
  }
}

/** Events as clients send them, and clients that send them. */
import { randomUUID } from "node:crypto";
import { Pool } from "undici";
import { batchSize, metadata, millisOf, valueOf } from "../support/events.ts";
import type { Experiment, Running } from "./serving.ts";

/** As on the wire of v1, with all fields and an id like no other. */
export const eventAt = (step: number, name = "loss") => ({
  client_event_id: randomUUID(),
  name,
  value: valueOf(step),
  step,
  timestamp_ms: millisOf(step),
  metadata,
});

/** A request's body, and how many events are in it. */
export interface Batch {
  readonly body: Buffer;
  readonly count: number;
}

export const batchAt = (first: number, count = batchSize, name?: string): Batch => {
  const data = Array.from({ length: count }, (_, i) => eventAt(first + i, name));
  return { body: Buffer.from(JSON.stringify({ data })), count };
};

/** All at once, so that making them takes nothing from the server while the clock runs. */
export const batchesOf = (events: number): ReadonlyArray<Batch> =>
  Array.from({ length: Math.ceil(events / batchSize) }, (_, i) =>
    batchAt(i * batchSize, Math.min(batchSize, events - i * batchSize)),
  );

export interface Sending {
  readonly experiment: Experiment;
  readonly batch: Batch;
}

/** Requests at a time, each on a connection of its own. */
const connections = 8;

/** Sends until there is no more, and answers how many events were acknowledged. */
export const sendAll = async (
  { host }: Running,
  sendings: Iterable<Sending> | AsyncIterable<Sending>,
  concurrency = connections,
): Promise<number> => {
  const pool = new Pool(host, { connections: concurrency });
  const all =
    Symbol.asyncIterator in sendings
      ? sendings[Symbol.asyncIterator]()
      : sendings[Symbol.iterator]();
  let acknowledged = 0;
  const client = async () => {
    for (let next = await all.next(); next.done !== true; next = await all.next()) {
      const { experiment, batch } = next.value;
      const { statusCode, body } = await pool.request({
        method: "POST",
        path: `/api/v1${experiment.path}/ingest`,
        headers: {
          authorization: `Bearer ${experiment.token}`,
          "content-type": "application/json",
          "idempotency-key": randomUUID(),
        },
        body: batch.body,
      });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`${statusCode} ${text}`);
      acknowledged += batch.count;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  await pool.close();
  return acknowledged;
};

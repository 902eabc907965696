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

/** What a client posts, to whatever server. */
export interface Post extends Batch {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const postOf = ({ experiment, batch }: Sending): Post => ({
  ...batch,
  path: `/api/v1${experiment.path}/ingest`,
  headers: {
    authorization: `Bearer ${experiment.token}`,
    "content-type": "application/json",
    "idempotency-key": randomUUID(),
  },
});

/** Requests at a time, each on a connection of its own. */
const connections = 8;

/** As clients do, whose connection was closed: some servers replace a worker that is busy for too long. */
export const again = async <A>(post: () => Promise<A>, left = 20): Promise<A> => {
  try {
    return await post();
  } catch (error) {
    if (left === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return again(post, left - 1);
  }
};

/** Posts until there is no more, and answers how many events were acknowledged. */
export const postAll = async (
  host: string,
  posts: AsyncIterable<Post>,
  concurrency = connections,
): Promise<number> => {
  const pool = new Pool(host, { connections: concurrency });
  const all = posts[Symbol.asyncIterator]();
  let acknowledged = 0;
  const client = async () => {
    for (let next = await all.next(); next.done !== true; next = await all.next()) {
      const { path, headers, body, count } = next.value;
      const answer = await again(() => pool.request({ method: "POST", path, headers, body }));
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`);
      acknowledged += count;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  await pool.close();
  return acknowledged;
};

async function* postsOf(sendings: Iterable<Sending> | AsyncIterable<Sending>) {
  for await (const sending of sendings) yield postOf(sending);
}

export const sendAll = (
  { host }: Running,
  sendings: Iterable<Sending> | AsyncIterable<Sending>,
): Promise<number> => postAll(host, postsOf(sendings));

/** The limit: what one would write by hand on undici, without checks, keys, retries or a timeout. */
import { Agent, request } from "@effect/platform-node/Undici";
import { contend, host, repeat, type Task } from "../support/contender.ts";
import { batchSize, onTheWire } from "../support/events.ts";
import { id, input } from "../support/experiment.ts";
import { type Page, Reading } from "../support/reading.ts";

const dispatcher = new Agent();
const url = `${host}/api/v1/experiments`;
const headers = { accept: "application/json", authorization: "Bearer key" };

const send = async (method: "GET" | "POST", url: string, body?: unknown): Promise<unknown> => {
  const answer = await request(url, {
    dispatcher,
    method,
    ...(body === undefined
      ? { headers }
      : {
          headers: { ...headers, "content-type": "application/json" },
          body: JSON.stringify(body),
        }),
  });
  return JSON.parse(await answer.body.text());
};

const ingest =
  (kind: keyof typeof onTheWire): Task =>
  async (count, concurrency) => {
    let step = 0;
    let stored = 0;
    const one = async () => {
      while (step < count) {
        const metrics: Array<unknown> = [];
        while (step < count && metrics.length < batchSize) metrics.push(onTheWire[kind](step++));
        const answer = await send("POST", `${url}/e/metrics`, { metrics });
        stored += (answer as { accepted: number }).accepted;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, one));
    if (stored !== count) throw new Error(`${stored} of ${count} were stored`);
  };

const stream =
  (kind: keyof typeof onTheWire): Task =>
  async (count) => {
    const list = `${url}/${kind}-${count / batchSize}/metrics`;
    const reading = new Reading();
    let cursor: string | null = null;
    do {
      const page = (await send("GET", cursor === null ? list : `${list}?cursor=${cursor}`)) as Page;
      reading.add(page.metrics);
      cursor = page.next_cursor;
    } while (cursor !== null);
    reading.check(count);
  };

contend({
  get: repeat(() => send("GET", `${url}/${id}`)),
  post: repeat(() => send("POST", url, input)),
  "ingest plain": ingest("plain"),
  "ingest full": ingest("full"),
  "stream plain": stream("plain"),
  "stream full": stream("full"),
});

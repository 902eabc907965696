/** The limit: what one would write by hand on undici, without checks, keys, retries or a timeout. */
import { Agent, request } from "@effect/platform-node/Undici";
import { contend, host, repeat, type Task } from "../support/contender.ts";
import { batchSize, onTheWire } from "../support/events.ts";
import { id, input } from "../support/experiment.ts";
import { Lines, mediaType, queryOf, Reading } from "../support/series.ts";

const dispatcher = new Agent();
const api = `${host}/api/v1`;
const headers = { accept: "application/json", authorization: "Bearer key" };

const send = (method: "GET" | "POST", path: string, body?: unknown, accept = headers.accept) =>
  request(`${api}${path}`, {
    dispatcher,
    method,
    ...(body === undefined
      ? { headers }
      : {
          headers: { ...headers, accept, "content-type": "application/json" },
          body: JSON.stringify(body),
        }),
  });

const call = async (method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> => {
  const answer = await send(method, path, body);
  return JSON.parse(await answer.body.text()).data;
};

const ingest =
  (kind: keyof typeof onTheWire): Task =>
  async (count, concurrency) => {
    let step = 0;
    const one = async () => {
      while (step < count) {
        const data: Array<unknown> = [];
        while (step < count && data.length < batchSize) data.push(onTheWire[kind](step++));
        await call("POST", "/experiments/e/ingest", { data });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, one));
  };

const series =
  (many: number): Task =>
  async (count) => {
    const reading = new Reading();
    const lines = new Lines();
    const { body } = await send("POST", "/query/series", queryOf(`${count}-${many}`), mediaType);
    for await (const chunk of body) {
      for (const line of lines.push(chunk)) reading.addLine(JSON.parse(line));
    }
    reading.check(count);
  };

contend({
  get: repeat(() => call("GET", `/experiments/${id}`)),
  post: repeat(() => call("POST", "/experiments", input)),
  "ingest plain": ingest("plain"),
  "ingest full": ingest("full"),
  "series 1": series(1),
  "series 1000": series(1000),
});

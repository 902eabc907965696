/** The limit: what one would write by hand on undici, without checks, keys, retries or a timeout. */
import { Agent, request } from "@effect/platform-node/Undici";
import { contend, host, type Task } from "../support/contender.ts";
import { metadata, nameOf, valueOf } from "../support/events.ts";
import { Lines, Reading } from "../support/series.ts";

const dispatcher = new Agent();

interface Line {
  readonly event: string;
  readonly data: {
    readonly metadata: object;
    readonly data: {
      readonly step: ReadonlyArray<number | null>;
      readonly timestampMs: ReadonlyArray<number>;
      readonly value: ReadonlyArray<number>;
    };
  };
}

const ask = (experimentId: string) =>
  request(`${host}/api/v2/query/series`, {
    dispatcher,
    method: "POST",
    headers: {
      accept: "application/x-ndjson",
      authorization: "Bearer key",
      "content-type": "application/json",
    },
    body: JSON.stringify({
      messageId: crypto.randomUUID(),
      event: "syvain.v2.query.experimentseries",
      data: { experimentId, filter: [], xAxis: "step" },
    }),
  });

/** Each batch of points, as it arrives. */
async function* batches(experimentId: string) {
  const lines = new Lines();
  const { body } = await ask(experimentId);
  for await (const chunk of body) {
    for (const text of lines.push(chunk)) {
      const { data, event }: Line = JSON.parse(text);
      if (event === "syvain.v2.query.series.data") yield data;
    }
  }
}

/** Looked at, and let go. */
const stream =
  (many: number): Task =>
  async (count) => {
    const reading = new Reading();
    for await (const { data } of batches(`${count}-${many}`)) reading.add(data.value);
    reading.check(count);
  };

/** Kept, as columns of whole series. */
const read =
  (many: number): Task =>
  async (count) => {
    const all = new Map<string, Record<"step" | "timestampMs" | "value", Array<number | null>>>();
    for await (const { data, metadata } of batches(`${count}-${many}`)) {
      const key = JSON.stringify(metadata);
      const series = all.get(key) ?? { step: [], timestampMs: [], value: [] };
      all.set(key, series);
      for (const step of data.step) series.step.push(step);
      for (const time of data.timestampMs) series.timestampMs.push(time);
      for (const value of data.value) series.value.push(value);
    }
    const reading = new Reading();
    for (const { value } of all.values()) reading.add(value as Array<number>);
    reading.check(count);
  };

/** As many requests at a time as are asked for. */
const metrics: Task = async (count, concurrency) => {
  let step = 0;
  const one = async () => {
    while (step < count) {
      const envelopes: Array<object> = [];
      const ids: Array<string> = [];
      while (step < count && envelopes.length < 1000) {
        const messageId = crypto.randomUUID();
        ids.push(messageId);
        envelopes.push({
          messageId,
          event: "syvain.v2.experiment.metric",
          data: {
            experimentId: "e",
            timestampMs: Date.now(),
            step,
            metricName: nameOf,
            metricValue: valueOf(step++),
            meta: metadata,
          },
        });
      }
      const { body } = await request(`${host}/api/v2/experiments/e/events`, {
        dispatcher,
        method: "POST",
        headers: {
          accept: "application/json",
          authorization: "Bearer t",
          "content-type": "application/json",
        },
        body: JSON.stringify(envelopes),
      });
      const replies: ReadonlyArray<{ readonly correlationId: string; readonly event: string }> =
        JSON.parse(await body.text());
      const isGood = replies.every(
        ({ correlationId, event }, i) =>
          correlationId === ids[i] && event === "syvain.v2.experiment.metricRecorded",
      );
      if (!isGood || replies.length !== ids.length) throw new Error("an event was refused");
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
};

contend({
  metrics,
  "read 1": read(1),
  "read 1000": read(1000),
  "stream 1": stream(1),
  "stream 1000": stream(1000),
});

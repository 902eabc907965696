/** The limit: what one would write by hand on undici, without checks, keys, retries or a timeout. */
import { Agent, request } from "@effect/platform-node/Undici";
import { contend, host, type Task } from "../support/contender.ts";
import { Lines, Reading } from "../support/series.ts";

const dispatcher = new Agent();

interface Line {
  readonly event: string;
  readonly data: { readonly data: { readonly value: ReadonlyArray<number> } };
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

const series =
  (many: number): Task =>
  async (count) => {
    const reading = new Reading();
    const lines = new Lines();
    const { body } = await ask(`${count}-${many}`);
    for await (const chunk of body) {
      for (const text of lines.push(chunk)) {
        const { data, event }: Line = JSON.parse(text);
        if (event === "syvain.v2.query.series.data") reading.add(data.data.value);
      }
    }
    reading.check(count);
  };

contend({ "series 1": series(1), "series 1000": series(1000) });

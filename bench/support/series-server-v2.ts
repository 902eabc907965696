/**
 * Answers every query of API v2 with points of one experiment as a stream of lines. The id of the experiment says how
 * many points, and in how many series: `<points>-<series>`. A line holds 10,000 of them at most.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { millisOf, nameOf, valueOf } from "./events.ts";

const range = <A>(from: number, to: number, of: (index: number) => A) =>
  Array.from({ length: to - from }, (_, i) => of(from + i));

const atMost = 10_000;
/** As long as an id is. */
const anId = "00000000-0000-0000-0000-000000000000";

const streamOf = (experimentId: string): Buffer => {
  const [points = 0, series = 1] = experimentId.split("-").map(Number);
  const each = points / series;
  const lines: Array<string> = [];
  const line = (event: string, data: object) =>
    lines.push(
      JSON.stringify({
        messageId: "m",
        correlationId: anId,
        event: `syvain.v2.query.${event}`,
        data,
      }),
    );
  let batches = 0;
  for (let n = 0; n < series; n++) {
    for (let from = 0; from < each; from += atMost) {
      const to = Math.min(each, from + atMost);
      batches++;
      line("series.data", {
        experimentId,
        seriesName: nameOf,
        metadata: { split: String(n) },
        data: {
          step: range(from, to, (step) => step),
          timestampMs: range(from, to, millisOf),
          value: range(from, to, valueOf),
        },
      });
    }
  }
  line("experimentseries.series", { seriesName: nameOf, batches, points: each * series });
  line("experimentseries.done", { series: 1, batches, points: each * series });
  return Buffer.from(`${lines.join("\n")}\n`);
};

/** Made once each. */
const streams = new Map<string, Buffer>();

/** As the answer to this message. */
const answerTo = (messageId: string, experimentId: string): Buffer => {
  const stream = streams.get(experimentId) ?? streamOf(experimentId);
  streams.set(experimentId, stream);
  const answer = Buffer.from(stream);
  for (let at = answer.indexOf(anId); at !== -1; at = answer.indexOf(anId, at + 36)) {
    answer.write(messageId, at);
  }
  return answer;
};

const server = createServer(async (request, response) => {
  const { messageId, data } = (await json(request)) as {
    readonly messageId: string;
    readonly data: { readonly experimentId: string };
  };
  const stream = answerTo(messageId, data.experimentId);
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  // Not all at once: how much of it waits here is not the client's to pay.
  for (let at = 0; at < stream.length; at += 65_536) {
    if (response.write(stream.subarray(at, at + 65_536))) continue;
    await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

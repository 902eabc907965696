/**
 * Answers every query with points of one experiment as a stream of lines. The id of the experiment says how many
 * points, and in how many series: `<points>-<series>`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { millisOf, nameOf, valueOf } from "./events.ts";

const range = <A>(length: number, of: (index: number) => A) =>
  Array.from({ length }, (_, i) => of(i));

const streamOf = (experimentId: string): Buffer => {
  const [points = 0, series = 1] = experimentId.split("-").map(Number);
  const each = points / series;
  const lines = range(series, (n) =>
    JSON.stringify({
      experimentId,
      metricName: nameOf,
      metadataHash: String(n),
      metadata: { split: String(n) },
      data: {
        steps: range(each, (step) => step),
        timestamp: range(each, millisOf),
        value: range(each, valueOf),
      },
    }),
  );
  lines.push(JSON.stringify({ kind: "complete", batchCount: series, rowCount: each * series }));
  return Buffer.from(`${lines.join("\n")}\n`);
};

/** Made once each. */
const streams = new Map<string, Buffer>();

const server = createServer(async (request, response) => {
  const query = (await json(request)) as { series: [{ experimentId: string }] };
  const { experimentId } = query.series[0];
  const stream = streams.get(experimentId) ?? streamOf(experimentId);
  streams.set(experimentId, stream);
  response.writeHead(200, { "content-type": "application/vnd.syvain.metric-series+ndjson" });
  // Not all at once: how much of it waits here is not the client's to pay.
  for (let at = 0; at < stream.length; at += 65_536) {
    if (response.write(stream.subarray(at, at + 65_536))) continue;
    await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

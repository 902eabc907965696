/** Opens any run of API v2, and acknowledges whatever is sent. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

const replies: { readonly [event: string]: string } = {
  "syvain.v2.experiment.open": "opened",
  "syvain.v2.experiment.tokenRevoke": "tokenRevoked",
  "syvain.v2.experiment.metric": "metricRecorded",
};

const token = { experimentId: "e", experimentToken: "t", expiresAtMs: 4_102_444_800_000 };

const server = createServer(async (request, response) => {
  // Found, and not parsed: how fast this is is not the client's to pay.
  const body = await text(request);
  const event = /"event":\s*"([^"]+)"/.exec(body)![1]!;
  const data = JSON.stringify(event.endsWith("open") ? token : {});
  const reply = (id: string) =>
    `{"messageId":"m","correlationId":"${id}","event":"syvain.v2.experiment.${replies[event]}","data":${data}}`;
  const ids = [...body.matchAll(/"messageId":\s*"([^"]+)"/g)];
  response.setHeader("content-type", "application/json");
  response.end(`[${ids.map(([, id]) => reply(id!)).join(",")}]`);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

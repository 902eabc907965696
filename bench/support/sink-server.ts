/** A service that reads every body, counts its events, and keeps nothing: in a process of its own, so that only the client is measured. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const at = "2026-01-01T00:00:00Z";
const minted = JSON.stringify({
  ingestion_key: { id: "k", experiment_id: "e", key: "ik", created_at: at, expires_at: null },
});
const mark = Buffer.from('{"client_event_id":');

const server = createServer((request, response) => {
  const chunks: Array<Buffer> = [];
  const answer = (status: number, json: string) =>
    response
      .writeHead(status, { "content-type": "application/json", "content-length": json.length })
      .end(json);
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (request.url?.endsWith("/ingestion-keys")) return void answer(201, minted);
    // Of the peers in bench/peers, one wants no content, the others want JSON.
    if (request.url?.startsWith("/api/v2/write")) return void response.writeHead(204).end();
    if (!request.url?.startsWith("/api/v1/")) return void answer(200, "{}");
    const body = Buffer.concat(chunks);
    let accepted = 0;
    for (let i = body.indexOf(mark); i !== -1; i = body.indexOf(mark, i + mark.length)) accepted++;
    answer(202, `{"accepted":${accepted},"duplicates":0}`);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

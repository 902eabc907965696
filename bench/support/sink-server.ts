/**
 * A service that creates one experiment, counts the events that arrive and keeps nothing, in both generations of the
 * API: in a process of its own, so that only the client is measured. With the argument `silent` it takes events and never answers.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answersTo, authStatus } from "./answers-v2.ts";
import { answer as experiment } from "./experiment.ts";

const silent = process.argv[2] === "silent";

const minted = JSON.stringify({
  data: {
    key: {
      id: "k",
      experiment_id: "e",
      name: "SDK ingestion key",
      created_at_ms: Date.now(),
      expires_at_ms: Date.now() + 7 * 24 * 60 * 60 * 1000,
      revoked_at_ms: null,
      last_used_at_ms: null,
    },
    token: "ik_1",
  },
  error: null,
});
const queued = '{"data":{"ok":true,"mode":"queued"},"error":null}';

/** Every event has one, whoever wrote it. */
const mark = Buffer.from('"value":');
let taken = 0;

const server = createServer((request, response) => {
  const path = request.url?.split("?")[0] ?? "";
  const chunks: Array<Buffer> = [];
  const answer = (json: string) =>
    response
      .writeHead(200, { "content-type": "application/json", "content-length": json.length })
      .end(json);
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (path === "/taken") {
      answer(String(taken));
      taken = 0;
    } else if (path.endsWith("/ingestion-keys")) answer(minted);
    else if (path.endsWith("/auth/status")) answer(authStatus);
    else if (path.endsWith("/events")) {
      const { json, metrics } = answersTo(Buffer.concat(chunks).toString("latin1"));
      taken += metrics;
      if (!silent || metrics === 0) answer(json);
    } else if (path.endsWith("/ingest")) {
      const body = Buffer.concat(chunks);
      for (let i = body.indexOf(mark); i !== -1; i = body.indexOf(mark, i + mark.length)) taken++;
      if (!silent) answer(queued);
    } else if (path === "/api/v2/write") {
      // InfluxDB has no more to say than that.
      if (!silent) response.writeHead(204).end();
    } else answer(experiment);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

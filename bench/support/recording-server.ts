/**
 * A service that creates one experiment, reads every event and keeps nothing, in a process of its own. Below `/black` it takes events and never answers.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answer as experiment } from "./experiment.ts";

const at = "2026-01-01T00:00:00Z";
const minted = JSON.stringify({
  ingestion_key: { id: "k", experiment_id: "e", key: "ik", created_at: at, expires_at: null },
});
const isOfEvents = /\/(metrics|batch\/?|write)(\?|$)/;

const server = createServer((request, response) => {
  const url = request.url ?? "";
  request.resume();
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    if (url.endsWith("/ingestion-keys")) return void response.writeHead(201).end(minted);
    if (!isOfEvents.test(url)) return void response.writeHead(200).end(experiment);
    if (url.startsWith("/black/")) return;
    // InfluxDB has no more to say than that.
    if (url.includes("/write")) return void response.writeHead(204).end();
    response.writeHead(202).end('{"accepted":1000,"duplicates":0}');
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

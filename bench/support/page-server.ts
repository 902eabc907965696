/** Pages of metrics, each asked for by its number as the cursor; the id of the experiment says of which kind they are and how many. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { batchSize, metadata, onTheWire } from "./events.ts";

const page = (kind: string) =>
  JSON.stringify(
    Array.from({ length: batchSize }, (_, step) =>
      kind === "plain"
        ? { ...onTheWire.plain(step), timestamp: null, metadata: {} }
        : { ...onTheWire.full(step), metadata },
    ),
  );
const pages: { readonly [kind: string]: string } = { plain: page("plain"), full: page("full") };

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  // /api/v1/experiments/<kind>-<pages>/metrics
  const [kind = "", count] = pathname.split("/")[4]?.split("-") ?? [];
  const next = Number(searchParams.get("cursor") ?? 0) + 1;
  const cursor = next < Number(count) ? `"${next}"` : "null";
  const body = Buffer.from(`{"metrics":${pages[kind]},"next_cursor":${cursor}}`);
  response
    .writeHead(200, { "content-type": "application/json", "content-length": body.length })
    .end(body);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

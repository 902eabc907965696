import { assert } from "@effect/vitest";
import { createServer, request } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { chart, describePage, record } from "../support/page.ts";

/** A server in front of another one, which has it below a path: what nginx does with `location /metrics/`. */
const prefixing = async (prefix: string, target: string) => {
  const outside: Array<string> = [];
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url!.startsWith(`${prefix}/`)) {
      outside.push(incoming.url!);
      outgoing.writeHead(404).end();
      return;
    }
    const { headers, method } = incoming;
    const url = new URL(incoming.url!.slice(prefix.length), target);
    const passed = request(url, { method, headers: { ...headers, host: url.host } }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    outside,
    url: `http://127.0.0.1:${port}${prefix}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

describePage("the page behind a server of another", (test) => {
  test("works below the path that it has there", async (world) => {
    await record(world, { slug: "run" }, (recorder) => recorder.metric("loss", 1, { step: 1 }));
    const proxy = await prefixing("/tools/metrics", world.host);
    const page = await world.open();
    await page.goto(`${proxy.url}#key=${world.key}`);
    await chart(page, "loss").waitFor();
    await page.reload();
    await chart(page, "loss").locator("[aria-label*='1 line']").waitFor();
    assert.deepEqual(proxy.outside, []);
    await page.context().close();
    proxy.close();
  });
});

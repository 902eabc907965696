/**
 * Answers every request with the same experiment. It reads no more of HTTP than where a request ends, so that it is
 * never what a client waits for.
 */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { answer } from "./experiment.ts";

const bytes = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
);

const server = createServer((socket) => {
  socket.setNoDelay();
  socket.on("error", () => socket.destroy());
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    for (;;) {
      const head = text.indexOf("\r\n\r\n");
      if (head === -1) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
      const end = head + 4 + Number(length ?? 0);
      if (text.length < end) return;
      text = text.slice(end);
      socket.write(bytes);
    }
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

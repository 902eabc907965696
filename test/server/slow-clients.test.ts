/** A client that sends too slowly, or stands still, is cut off; one that only takes its time is not. */
import { assert, describe, it } from "@effect/vitest";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { makeListener, patience } from "../../src/cli/listener.ts";
import { MetricsServer } from "../../src/testing/index.ts";

/** In milliseconds, in place of the minute. */
const most = 400;

const opened = Effect.acquireRelease(
  Effect.map(MetricsServer.MetricsServer, ({ host }) =>
    connect(Number(new URL(host).port), "127.0.0.1"),
  ),
  (socket) => Effect.sync(() => socket.destroy()),
);

/** `once` of Node fails when the connection is reset before. */
const closed = (socket: Socket) =>
  new Promise<void>((resolve) => socket.on("error", () => {}).once("close", () => resolve()));

/** Sends the text, then a byte of the rest now and then, until it is cut off: what was said to it by then. */
const drip = (socket: Socket, text: string, rest: string) =>
  Effect.promise(async () => {
    let said = "";
    socket.on("data", (chunk) => (said += chunk));
    socket.write(text);
    let sent = 0;
    const timer = setInterval(
      () => socket.writable && socket.write(rest[sent++ % rest.length]!),
      most / 8,
    );
    await closed(socket);
    clearInterval(timer);
    return said;
  });

const promise = (what: string, body: Effect.Effect<void, never, MetricsServer.MetricsServer>) =>
  it.live(what, () =>
    body.pipe(
      Effect.provide(
        MetricsServer.layerHttp({ apiKey: "key" }).pipe(
          Layer.provide(
            NodeHttpServer.layer(() => makeListener(most), { port: 0, host: "127.0.0.1" }),
          ),
        ),
      ),
    ),
  );

const head = [
  "POST /api/v1/folders HTTP/1.1",
  "Host: x",
  "Authorization: Bearer key",
  "Content-Type: application/json",
];

describe("a client is cut off", () => {
  it("after a minute", () => assert.strictEqual(patience, 60_000));

  promise(
    "whose head does not come to its end",
    Effect.gen(function* () {
      const said = yield* drip(yield* opened, `${head.join("\r\n")}\r\nX-More: `, "x");
      assert.match(said, /^(HTTP\/1\.1 408 [^]*)?$/);
    }).pipe(Effect.scoped),
  );

  promise(
    "whose body does not come to its end, and nothing of it is done",
    Effect.gen(function* () {
      const lines = [...head, "Content-Length: 100000"];
      const said = yield* drip(yield* opened, `${lines.join("\r\n")}\r\n\r\n{"name":"slow"`, " ");
      assert.notMatch(said, /^HTTP\/1\.1 2/);
      const { host } = yield* MetricsServer.MetricsServer;
      const folders = yield* Effect.promise(async () => {
        const headers = { authorization: "Bearer key" };
        return (await (await fetch(`${host}/api/v1/folders`, { headers })).json()).data.folders;
      });
      assert.deepStrictEqual(folders, []);
    }).pipe(Effect.scoped),
  );

  promise(
    "that says nothing",
    Effect.gen(function* () {
      const socket = yield* opened;
      socket.resume();
      yield* Effect.promise(() => closed(socket));
    }).pipe(Effect.scoped),
  );

  promise(
    "and another, in the meantime, is not",
    Effect.gen(function* () {
      const socket = yield* opened;
      let said = "";
      socket.on("data", (chunk) => (said += chunk));
      const request = `${head
        .join("\r\n")
        .replace("POST", "GET")
        .replace(/Content.*$/, "")}\r\n\r\n`;
      const { length } = request;
      for (let at = 0; at < length; at += Math.ceil(length / 4)) {
        socket.write(request.slice(at, at + Math.ceil(length / 4)));
        yield* Effect.sleep(most / 16);
      }
      yield* Effect.promise(async () => {
        while (!said.includes('"error":null')) await once(socket, "data");
      });
      assert.match(said, /^HTTP\/1\.1 200 /);
    }).pipe(Effect.scoped),
  );
});

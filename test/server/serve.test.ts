import { assert, describe, it } from "@effect/vitest";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import * as serving from "../support/serving.ts";

const serve = (...args: ReadonlyArray<string>) => serving.serve("--memory", ...args);

describe("syvain-metrics-effect serve", () => {
  it("prints the URL, a key that works, and the OpenAPI address, which answers", async () => {
    const { host, key, output, child, exit } = await serve();
    assert.include(output.stdout, `on ${host}`);
    assert.match(output.stdout, new RegExp(`Page +${host}/\n`));
    const status = await fetch(`${host}/api/v1/auth/status`, {
      headers: { authorization: `Bearer ${key}` },
    });
    assert.strictEqual(status.status, 200);
    const openApi = /OpenAPI\s+(\S+)/.exec(output.stdout)![1]!;
    assert.strictEqual((await (await fetch(openApi)).json()).openapi, "3.1.0");
    assert.strictEqual((await fetch(`${host}/healthz`)).status, 200);
    const docs = await fetch(/Docs\s+(\S+)/.exec(output.stdout)![1]!);
    assert.include(await docs.text(), "<html");
    child.kill("SIGTERM");
    await exit;
  });

  it("takes the key it is given, and no other", async () => {
    const { host, key, child, exit } = await serve("--api-key", "my-key");
    assert.strictEqual(key, "my-key");
    const status = await fetch(`${host}/api/v1/auth/status`, {
      headers: { authorization: "Bearer another" },
    });
    assert.strictEqual(status.status, 401);
    child.kill("SIGTERM");
    await exit;
  });

  it("prints a line for each request when it is asked to, without keys and queries", async () => {
    const { host, output, child, exit } = await serve("--api-key", "my-key", "--log");
    const before = output.stdout.length;
    const headers = { authorization: "Bearer my-key" };
    await (await fetch(`${host}/api/v1/experiments?search=secret`, { headers })).text();
    await (await fetch(`${host}/api/v1/nothing`)).text();
    child.kill("SIGTERM");
    const { stdout } = await exit;
    const lines = stdout.slice(before).replaceAll(/\d+ ms/g, "1 ms");
    assert.strictEqual(lines, "GET /api/v1/experiments 200 1 ms\nGET /api/v1/nothing 404 1 ms\n");
  });

  it("goes on when nobody reads its lines any more", async () => {
    const { host, child, exit } = await serve("--log");
    child.stdout.destroy();
    for (let i = 0; i < 5; i++) {
      assert.strictEqual((await fetch(`${host}/healthz`)).status, 200);
    }
    child.kill("SIGTERM");
    assert.deepInclude(await exit, { code: 0, stderr: "" });
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`stops cleanly on ${signal}, with a connection kept alive`, async () => {
      const { host, child, exit } = await serve();
      const agent = new Agent({ keepAlive: true });
      const response = await new Promise<IncomingMessage>((resolve) =>
        request(`${host}/openapi.json`, { agent }, resolve).end(),
      );
      response.resume();
      await once(response, "end");
      child.kill(signal);
      const { code, stderr } = await exit;
      agent.destroy();
      assert.strictEqual(code, 0);
      assert.strictEqual(stderr, "");
    });
  }

  it("stops on a signal, though an upload has not ended", async () => {
    const { host, child, exit } = await serve();
    const socket = connect(Number(new URL(host).port), "127.0.0.1");
    socket.write(
      "POST /api/v1/folders HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    );
    // Said when the server begins to read the body.
    const [said] = await once(socket, "data");
    assert.match(String(said), /^HTTP\/1\.1 100 /);
    socket.resume();
    const closed = once(socket, "close");
    child.kill("SIGTERM");
    assert.strictEqual((await exit).code, 0);
    await closed;
  });

  for (const [what, args, says] of [
    ["a port that is none", ["--port", "65536"], /--port.*a port, from 0 to 65535/],
    ["an empty key", ["--api-key", ""], /--api-key.*at least one/],
    ["a key that no header carries", ["--api-key", "my key é"], /--api-key.*visible ASCII/],
    [
      "a host that is not there",
      ["--host", "host.invalid", "--port", "0", "--api-key", "key"],
      /^Cannot listen: .*\n$/,
    ],
  ] as const) {
    it(`refuses ${what}, in one sentence that does not quote a key`, async () => {
      const { code, stderr } = await serving.run("serve", "--memory", ...args).exit;
      assert.strictEqual(code, 1);
      assert.match(stderr, says);
      assert.notMatch(stderr, /^\s+at |my key/m);
    });
  }

  it("prints an export that a shell reads back, whatever the key is", async () => {
    const given = "a$b'c\"`d";
    const { child, exit } = await serve("--api-key", given);
    child.kill("SIGTERM");
    const [line] = /export .*/.exec((await exit).stdout)!;
    const shell = spawn("sh", ["-c", `${line}; printf %s "$SYVAIN_METRICS_API_KEY"`]);
    let read = "";
    shell.stdout.on("data", (chunk) => (read += chunk));
    await once(shell, "close");
    assert.strictEqual(read, given);
  });

  it("says in one sentence that the port is in use", async () => {
    const { host, child, exit } = await serve();
    const second = await serving.run("serve", "--memory", "--port", new URL(host).port).exit;
    assert.strictEqual(second.code, 1);
    assert.match(second.stderr, /^Cannot listen: .*EADDRINUSE.*\n$/);
    assert.strictEqual(second.stdout, "");
    child.kill("SIGTERM");
    await exit;
  });
});

it("the command prints its version and its subcommands", async () => {
  assert.match((await serving.run("--version").exit).stdout, /\d+\.\d+\.\d+/);
  assert.include((await serving.run("--help").exit).stdout, "serve");
});

import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Served, served, someone, type Someone } from "../support/command.ts";

const fileIn = (me: Someone, folder = "syvain-metrics") => me.file(`.config/${folder}/auth.json`);
const savedOf = (me: Someone, folder?: string) =>
  JSON.parse(readFileSync(fileIn(me, folder), "utf8"));
const write = (file: string, login: unknown) => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(login), { mode: 0o600 });
};
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe("syvain-metrics-effect login", () => {
  let server: Served;
  let me: Someone;
  beforeAll(async () => {
    server = await served();
    me = someone();
  });
  afterAll(async () => {
    me.end();
    await server.end();
  });

  it("saves a key from stdin that the service knows, where all tools look, for this user alone", async () => {
    const { code, stdout, stderr } = await me.runWith(
      `${server.key}\n`,
      "login",
      "--host",
      `${server.host}/`,
    );
    assert.strictEqual(
      stdout,
      `Logged in to ${server.host} as Reference, saved in ${fileIn(me)}.\n`,
    );
    assert.strictEqual(stderr, "");
    assert.strictEqual(code, 0);
    const { loginAt, ...saved } = savedOf(me);
    assert.deepStrictEqual(saved, {
      apiKey: server.key,
      host: server.host,
      orgId: "organization",
    });
    assert.approximately(loginAt, Date.now(), 60_000);
    assert.strictEqual(mode(fileIn(me)), "600");
    assert.strictEqual(mode(dirname(fileIn(me))), "700");
    const { stdout: said } = await me.run("status", "--json");
    assert.deepInclude(JSON.parse(said), {
      host: server.host,
      source: "saved login",
      loginAt: new Date(loginAt).toISOString(),
    });
  });

  it("asks for the key on a terminal, and shows nothing of it", async () => {
    const other = someone();
    const shell = other.startInTerminal("login", "--host", server.host);
    await shell.printed("API key");
    shell.type(`${server.key}\r`);
    const { code, stdout } = await shell.ended;
    assert.include(stdout, "Logged in");
    assert.notInclude(stdout, server.key.slice(-8));
    assert.strictEqual(code, 0);
    assert.strictEqual(savedOf(other).apiKey, server.key);
    other.end();
  });

  it("ends with 130 on Ctrl-C at the prompt, and saves nothing", async () => {
    const other = someone();
    const shell = other.startInTerminal("login", "--host", server.host);
    await shell.printed("API key");
    shell.type("\x03");
    assert.strictEqual((await shell.ended).code, 130);
    assert.throws(() => savedOf(other), /ENOENT/);
    other.end();
  });

  it("saves no key that the service does not know, and shows it nowhere", async () => {
    const other = someone();
    const { code, stdout, stderr } = await other.runWith(
      "ak_org_wrong",
      "login",
      "--host",
      server.host,
    );
    assert.strictEqual(code, 1);
    assert.strictEqual(stdout, "");
    assert.match(stderr, /^Auth\.status: 401 Unauthorized.*\n$/);
    assert.notInclude(stderr, "ak_org_wrong");
    assert.throws(() => savedOf(other), /ENOENT/);
    other.end();
  });

  for (const [what, key, args, says] of [
    ["no key", "\n", [], /The API key of standard input is empty\.\n/],
    ["a key that no header carries", "my kéy", [], /holds a character that no key has/],
    ["a host beyond this machine in clear", "key", ["--host", "http://example.com"], /in clear/],
  ] as const) {
    it(`refuses ${what} in one sentence, before anything is sent`, async () => {
      const { code, stderr } = await me.runWith(key, "login", ...args);
      assert.strictEqual(code, 1);
      assert.match(stderr, says);
      assert.notMatch(stderr, /^\s+at |my k/m);
    });
  }

  it("is not hidden by a login that today's tool saved before", async () => {
    const other = someone();
    write(fileIn(other, "o41-metrics"), { apiKey: "old", host: "https://old.example.com" });
    await other.runWith(server.key, "login", "--host", server.host);
    assert.strictEqual(savedOf(other, "o41-metrics").host, server.host);
    assert.strictEqual(savedOf(other).host, server.host);
    assert.strictEqual((await other.run("status")).code, 0);
    other.end();
  });

  it("says that a key in the environment is used in its place", async () => {
    const other = someone({ SYVAIN_METRICS_API_KEY: "another" });
    const { stderr } = await other.runWith(server.key, "login", "--host", server.host);
    assert.strictEqual(
      stderr,
      "SYVAIN_METRICS_API_KEY is set, and is used in place of the saved login.\n",
    );
    other.end();
  });
});

describe("syvain-metrics-effect status", () => {
  let server: Served;
  beforeAll(async () => {
    server = await served();
  });
  afterAll(() => server.end());

  it("says who, where and from which source: the environment", async () => {
    const { code, stdout } = await server.run("status");
    assert.strictEqual(
      stdout,
      [
        "organization  Reference (organization)",
        "key           api_key",
        `host          ${server.host}`,
        "source        environment",
        "",
      ].join("\n"),
    );
    assert.strictEqual(code, 0);
  });

  it("… what it is given", async () => {
    const me = someone();
    const args = ["--api-key", server.key, "--host", server.host];
    const { stdout } = await me.run("status", "--json", ...args);
    assert.strictEqual(JSON.parse(stdout).source, "explicit");
    me.end();
  });

  it("… a login saved by hand in the official layout", async () => {
    const me = someone();
    write(fileIn(me), { apiKey: server.key, host: server.host, orgId: "o", loginAt: 0 });
    const { stdout } = await me.run("status");
    assert.match(stdout, /^source {8}saved login of 1970-01-01 00:00:00 UTC$/m);
    me.end();
  });

  it("without any, says in one sentence what to do", async () => {
    const me = someone();
    const { code, stdout, stderr } = await me.run("status");
    assert.strictEqual(code, 1);
    assert.strictEqual(stdout, "");
    assert.match(stderr, /^No API key: .*auth\.json.*\n$/);
    me.end();
  });

  it("has names in colour on a terminal, unless nobody wants any", async () => {
    const shown = await server.startInTerminal("status").ended;
    assert.include(shown.stdout, "\x1b[2mhost\x1b[22m          http");
    const me = someone({ NO_COLOR: "1" });
    const args = ["--api-key", server.key, "--host", server.host];
    assert.notInclude((await me.startInTerminal("status", ...args).ended).stdout, "\x1b");
    me.end();
  });
});

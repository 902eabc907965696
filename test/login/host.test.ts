import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Auth from "../../src/Auth.ts";
import * as ConfigService from "../../src/ConfigService.ts";
import { type Asked, layerAnswering } from "../support/answering.ts";

const hostOf = (host: string, allowInsecureHost?: boolean) =>
  ConfigService.ConfigService.use(({ host }) => Effect.succeed(host)).pipe(
    Effect.provide(ConfigService.layer({ apiKey: "k", host, allowInsecureHost })),
  );

const refusal = (host: string) =>
  Effect.map(Effect.flip(hostOf(host)), ({ message, reason }) => {
    assert.strictEqual(reason._tag, "InvalidHost");
    assert.include(message, "ConfigService.layer");
    return message;
  });

describe("a host has one spelling", () => {
  const table: ReadonlyArray<readonly [given: string, kept: string]> = [
    ["https://h.example", "https://h.example"],
    ["https://h.example/", "https://h.example"],
    ["HTTPS://H.Example", "https://h.example"],
    ["https://h.example:443", "https://h.example"],
    ["https://h.example:8443", "https://h.example:8443"],
    ["https://h.example:0443/", "https://h.example"],
    ["https://exämple.com", "https://xn--exmple-cua.com"],
    ["https://192.0.2.1", "https://192.0.2.1"],
    ["https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"],
    ["  https://h.example\n", "https://h.example"],
    // Without a scheme it is https:.
    ["h.example", "https://h.example"],
    ["H.example:443/", "https://h.example"],
    ["h.example:8443", "https://h.example:8443"],
    ["localhost:4318", "https://localhost:4318"],
    ["192.0.2.1", "https://192.0.2.1"],
    ["[::1]:4318", "https://[::1]:4318"],
    // In clear on this machine only.
    ["http://localhost", "http://localhost"],
    ["http://LOCALHOST:80/", "http://localhost"],
    ["http://metrics.localhost", "http://metrics.localhost"],
    ["http://127.0.0.1:4318", "http://127.0.0.1:4318"],
    ["http://127.255.255.254", "http://127.255.255.254"],
    ["http://127.1", "http://127.0.0.1"],
    ["http://[::1]", "http://[::1]"],
    ["http://[0:0:0:0:0:0:0:1]:4318", "http://[::1]:4318"],
  ];
  it.effect.each(table)("%s is %s", ([given, kept]) =>
    Effect.map(hostOf(given), (host) => assert.strictEqual(host, kept)),
  );

  it.effect.each(table)("%s is the same when it is read again", ([, kept]) =>
    Effect.map(hostOf(kept), (host) => assert.strictEqual(host, kept)),
  );
});

describe("http: beyond loopback carries the key in clear", () => {
  const table = [
    "http://h.example",
    "http://metrics.syvain.com",
    "http://192.168.0.1",
    "http://10.0.0.1",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::2]",
    "http://[2001:db8::1]",
    // What looks like loopback to the eye.
    "http://127.0.0.1.evil.com",
    "http://127.evil.com",
    "http://localhost.evil.com",
    "http://evillocalhost",
    "http://localhost-evil.com",
    "http://[::1].evil.com",
    "http://127.0.0.1%2eevil.com",
    "http://127.0.0.1\t.evil.com",
    "http://128.0.0.1",
    "http://evil.com\\@localhost",
  ];
  it.effect.each(table)("%s is refused", (host) => refusal(host));

  it.effect.each(["http://h.example", "http://192.168.0.1:8080", "http://127.0.0.1.evil.com"])(
    "%s is accepted with allowInsecureHost",
    (host) => Effect.map(hostOf(host, true), (kept) => assert.strictEqual(kept, host)),
  );

  it.effect("and the message says what to do", () =>
    Effect.map(refusal("http://h.example:8080"), (message) => {
      for (const words of ["http://h.example:8080", "https:", "allowInsecureHost"]) {
        assert.include(message, words);
      }
    }),
  );
});

describe("what is no host is refused", () => {
  const table: ReadonlyArray<readonly [host: string, says: string]> = [
    ["", "origin"],
    [" ", "origin"],
    ["h", "origin"],
    ["//h.example", "origin"],
    ["/api", "origin"],
    ["https://", "origin"],
    ["https://h.example:99999", "origin"],
    ["h.example:99999", "origin"],
    ["https://127.0.0.256", "origin"],
    ["http://[::1", "origin"],
    ["h.example/api", "origin"],
    ["https://h.example/api", "path"],
    ["https://h.example///", "path"],
    ["http://localhost:4318/a", "path"],
    ["ftp://h.example", "https:"],
    ["ws://localhost", "https:"],
    ["file:///etc/passwd", "https:"],
    ["data:text/plain,x", "https:"],
    ["javascript:alert(1)", "https:"],
    ["https://user@h.example", "user name"],
    ["https://user:s3cret@h.example", "password"],
    ["https://:s3cret@h.example", "password"],
    ["https://localhost@evil.com", "user name"],
    ["https://h.example?x=s3cret", "query"],
    ["https://h.example/?", "query"],
    ["https://h.example#s3cret", "fragment"],
    ["https://h.example/#", "fragment"],
  ];
  for (const allowInsecureHost of [false, true]) {
    it.effect.each(table)(`%s (allowInsecureHost: ${allowInsecureHost})`, ([host, says]) =>
      Effect.gen(function* () {
        const { message, reason } = yield* Effect.flip(hostOf(host, allowInsecureHost));
        assert.strictEqual(reason._tag, "InvalidHost");
        assert.include(message, says);
        assert.notInclude(message, "s3cret");
      }),
    );
  }

  it.effect("a key that was given in the place of the host is not quoted", () =>
    Effect.gen(function* () {
      for (const host of [
        "ak_org_s3cret",
        "sk-s3cret",
        "sk-s3cret:x",
        "s3cret:x@h.example",
        "s3cret://h",
      ]) {
        assert.notInclude(yield* refusal(host), "s3cret", host);
      }
    }),
  );
});

it.effect.each([
  ["https://h.example", "https://h.example/api/v1/auth/status"],
  ["https://h.example/", "https://h.example/api/v1/auth/status"],
  ["h.example", "https://h.example/api/v1/auth/status"],
  ["http://[::1]:4318", "http://[::1]:4318/api/v1/auth/status"],
] as const)("with the host %s, requests go to %s", ([host, url]) =>
  Effect.gen(function* () {
    const asked: Array<Asked> = [];
    const answer = () =>
      Response.json({
        data: { auth: { kind: "api_key" }, organization: { id: "o" } },
        error: null,
      });
    yield* Effect.provide(Auth.status, layerAnswering(answer, { host, asked }));
    assert.deepStrictEqual(
      asked.map(({ url }) => url.href),
      [url],
    );
  }),
);

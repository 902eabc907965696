/** Which transport follows a proxy, and what comes of a proxy that is not there or refuses. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as Undici from "@effect/platform-node/Undici";
import { assert, describe, it } from "@effect/vitest";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import * as Auth from "../../src/Auth.ts";
import * as MetricsApiError from "../../src/MetricsApiError.ts";
import { noRetry } from "../../src/RequestPolicy.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import { server } from "../support/processes.ts";
import { certificate, certificateFile, remoteHost, serveProxy } from "../support/proxy.ts";

const script = fileURLToPath(new URL("../support/proxied-call.ts", import.meta.url));
/** Node 22.21 and 24 and later. */
const followsEnvironment = process.allowedNodeEnvironmentFlags.has("--use-env-proxy");
const connected = ["CONNECT metrics.test:443"];
const password = "hunter2";
const codec = Schema.fromJsonString(Schema.toCodecJson(MetricsApiError.MetricsApiError));

const proxied = (credentials?: string) =>
  Effect.flatMap(MetricsServer.MetricsServer, ({ host: origin }) =>
    serveProxy({ origin, credentials }),
  );

/** What a process prints that makes one call, by default to a host that only the proxy reaches. */
const callBy = (transport: "fetch" | "undici", environment: NodeJS.ProcessEnv) =>
  Effect.flatMap(MetricsServer.MetricsServer, ({ apiKey }) =>
    Effect.promise(async () => {
      const { PATH } = process.env;
      const child = spawn(process.execPath, [script], {
        env: {
          PATH,
          TRANSPORT: transport,
          SYVAIN_METRICS_API_KEY: Redacted.value(apiKey),
          SYVAIN_METRICS_HOST: remoteHost,
          NODE_EXTRA_CA_CERTS: certificateFile,
          ...environment,
        },
      });
      let stdout = "";
      child.stdout.on("data", (chunk) => (stdout += chunk));
      await once(child, "close");
      return stdout.trim();
    }),
  );

/** The typed error of a call that did not come through, with no secret in any of its texts. */
const transportOf = (error: MetricsApiError.MetricsApiError) =>
  Effect.gen(function* () {
    const { apiKey } = yield* MetricsServer.MetricsServer;
    assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Transport");
    assert.isTrue(error.retryable);
    for (const text of [error.message, String(error), JSON.stringify(error), error.stack ?? ""]) {
      assert.notInclude(text, Redacted.value(apiKey));
      assert.notInclude(text, password);
    }
    return error.reason;
  });

describe.skipIf(!followsEnvironment)("Node's fetch with NODE_USE_ENV_PROXY", () => {
  const HTTPS_PROXY = (url: string) => ({ NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: url });

  it.live("goes through the proxy of HTTPS_PROXY", () =>
    Effect.gen(function* () {
      const proxy = yield* proxied(`me:${password}`);
      assert.strictEqual(yield* callBy("fetch", HTTPS_PROXY(proxy.url)), '"Reference"');
      assert.deepStrictEqual(proxy.asked, connected);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live(
    "goes through the proxy of HTTP_PROXY to http:, loopback too, unless NO_PROXY has it",
    () =>
      Effect.gen(function* () {
        const { host } = yield* MetricsServer.MetricsServer;
        const proxy = yield* proxied();
        const environment = {
          NODE_USE_ENV_PROXY: "1",
          HTTP_PROXY: proxy.url,
          SYVAIN_METRICS_HOST: host,
        };
        assert.strictEqual(yield* callBy("fetch", environment), '"Reference"');
        assert.lengthOf(proxy.asked, 1);
        const without = { ...environment, NO_PROXY: "localhost,127.0.0.1" };
        assert.strictEqual(yield* callBy("fetch", without), '"Reference"');
        assert.lengthOf(proxy.asked, 1);
      }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("fails with a typed error at a proxy that refuses, and at one that is not there", () =>
    Effect.gen(function* () {
      const proxy = yield* proxied(`me:${password}`);
      const refused = yield* callBy(
        "fetch",
        HTTPS_PROXY(`http://${password}@127.0.0.1:${proxy.port}`),
      );
      const refusal = yield* transportOf(yield* Schema.decodeEffect(codec)(refused));
      assert.include(refusal.message, "the service could not be reached: ");
      assert.include(refusal.message, "407");
      const gone = yield* callBy("fetch", HTTPS_PROXY(`http://me:${password}@127.0.0.1:1`));
      const absence = yield* transportOf(yield* Schema.decodeEffect(codec)(gone));
      assert.strictEqual(absence.code, "ECONNREFUSED");
      assert.include(absence.message, "connect ECONNREFUSED 127.0.0.1:1");
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("is alone in that: NodeHttpClient.layerUndici has an agent of its own", () =>
    Effect.gen(function* () {
      const proxy = yield* proxied();
      const printed = yield* callBy("undici", HTTPS_PROXY(proxy.url));
      yield* transportOf(yield* Schema.decodeEffect(codec)(printed));
      assert.isEmpty(proxy.asked);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );
});

it.live("without NODE_USE_ENV_PROXY, fetch goes through no proxy", () =>
  Effect.gen(function* () {
    const proxy = yield* proxied();
    yield* callBy("fetch", { HTTPS_PROXY: proxy.url });
    assert.isEmpty(proxy.asked);
  }).pipe(Effect.scoped, Effect.provide(server)),
);

describe("NodeHttpClient.layerUndiciNoDispatcher with an EnvHttpProxyAgent", () => {
  /** A call through the proxy at this URL; without a host, to the one that only a proxy reaches. */
  const call = (httpsProxy: string, host = remoteHost) =>
    Effect.flatMap(MetricsServer.MetricsServer, ({ apiKey }) => {
      const agent = Effect.acquireRelease(
        Effect.sync(
          () =>
            new Undici.EnvHttpProxyAgent({
              httpProxy: httpsProxy,
              httpsProxy,
              noProxy: "",
              requestTls: { ca: certificate },
            }),
        ),
        (agent) => Effect.promise(() => agent.destroy()),
      );
      return Effect.provide(
        Auth.status,
        SyvainMetrics.layer({ apiKey, host, retry: noRetry }).pipe(
          Layer.merge(NodeHttpClient.layerUndiciNoDispatcher),
          Layer.provide(Layer.effect(NodeHttpClient.Dispatcher, agent)),
        ),
      );
    });

  it.live("goes through it, to https: by a tunnel, to http: by the whole URL", () =>
    Effect.gen(function* () {
      const { host } = yield* MetricsServer.MetricsServer;
      const proxy = yield* proxied(`me:${password}`);
      assert.strictEqual((yield* call(proxy.url)).organization.name, "Reference");
      assert.strictEqual((yield* call(proxy.url, host)).organization.name, "Reference");
      assert.deepStrictEqual(proxy.asked, [...connected, `GET ${host}/api/v1/auth/status`]);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  for (const scheme of ["https:", "http:"]) {
    it.live(`fails to reach ${scheme} with a typed error where the proxy refuses or is gone`, () =>
      Effect.gen(function* () {
        const { host } = yield* MetricsServer.MetricsServer;
        const to = scheme === "http:" ? host : remoteHost;
        const proxy = yield* proxied(`me:${password}`);
        const refused = yield* Effect.flip(
          call(`http://you:${password}@127.0.0.1:${proxy.port}`, to),
        );
        const refusal = yield* transportOf(refused);
        assert.include(refusal.message, "the service could not be reached: ");
        assert.include(refusal.message, "(407)");
        assert.lengthOf(proxy.asked, 1);
        const gone = yield* Effect.flip(call(`http://me:${password}@127.0.0.1:1`, to));
        assert.strictEqual((yield* transportOf(gone)).code, "ECONNREFUSED");
      }).pipe(Effect.scoped, Effect.provide(server)),
    );
  }
});

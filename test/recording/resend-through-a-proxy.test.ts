/** The command reaches the service through the proxy of the environment, with nothing else set. */
import { assert, describe, it } from "@effect/vitest";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as References from "effect/References";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Collector from "../../src/Collector.ts";
import * as Spool from "../../src/Spool.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import * as Faults from "../../src/testing/Faults.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import { server, storedOf, temporaryDirectory } from "../support/processes.ts";
import {
  certificateFile,
  layerThrough,
  type Proxy,
  remoteHost,
  serveProxy,
} from "../support/proxy.ts";
import { resend } from "../support/resend.ts";

const unset = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "NODE_USE_ENV_PROXY"].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** That of a user who set these variables and no others that matter. */
const environment = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(unset.map((name) => [name, undefined])),
  SYVAIN_METRICS_HOST: remoteHost,
  NODE_EXTRA_CA_CERTS: certificateFile,
  ...more,
});

const proxied = (credentials?: string) =>
  Effect.flatMap(MetricsServer.MetricsServer, ({ host: origin }) =>
    serveProxy({ origin, credentials }),
  );

/** Records 50 events for `remoteHost`, or the host that is named, which come to nothing there. */
const leave = (spool: string, host = remoteHost) =>
  Effect.gen(function* () {
    const { apiKey } = yield* MetricsServer.MetricsServer;
    const { url } = yield* proxied();
    yield* Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "left" });
      yield* Faults.delay("1 hour", { times: Infinity });
      for (let step = 0; step < 50; step++) {
        yield* recorder.metric("loss", step / 7, { step, metadata: { life: "1" } });
      }
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Collector.layer({ shutdownTimeout: "50 millis" }).pipe(
          Layer.provide(Spool.layerFileSystem(spool)),
          Layer.provideMerge(SyvainMetrics.layer({ apiKey, host })),
          Layer.provide([
            host === remoteHost ? layerThrough(url) : FetchHttpClient.layer,
            NodeServices.layer,
          ]),
        ),
      ),
      Effect.provideService(References.MinimumLogLevel, "None"),
    );
    yield* Faults.clear;
  });

/** Every key and password that it knows. */
const showsNoSecret = (text: string) =>
  Effect.map(MetricsServer.MetricsServer, ({ apiKey }) => {
    assert.notInclude(text, Redacted.value(apiKey));
    assert.notMatch(text, /hunter2|Basic /);
  });

const onlyConnects = ({ asked }: Proxy) => {
  assert.isNotEmpty(asked);
  assert.deepStrictEqual([...new Set(asked)], ["CONNECT metrics.test:443"]);
};

describe("syvain-metrics-effect resend", () => {
  for (const variable of ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY"]) {
    it.live(`sends through the proxy of ${variable}`, () =>
      Effect.gen(function* () {
        const spool = yield* temporaryDirectory;
        yield* leave(spool);
        const proxy = yield* proxied();
        const { code, stderr, stdout } = yield* resend(
          spool,
          environment({ [variable]: proxy.url }),
        );
        assert.strictEqual(stdout, "50 events delivered.\n", stderr);
        assert.strictEqual(code, 0);
        assert.lengthOf(yield* storedOf("left"), 50);
        onlyConnects(proxy);
      }).pipe(Effect.scoped, Effect.provide(server)),
    );
  }

  it.live("says who it is to a proxy that asks", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      yield* leave(spool);
      const proxy = yield* proxied("me:hunter2");
      const { stdout, stderr } = yield* resend(spool, environment({ HTTPS_PROXY: proxy.url }));
      assert.strictEqual(stdout, "50 events delivered.\n", stderr);
      onlyConnects(proxy);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("reaches what NO_PROXY names without it", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      yield* leave(spool);
      const proxy = yield* proxied();
      const { code, stderr } = yield* resend(
        spool,
        environment({ HTTPS_PROXY: proxy.url, NO_PROXY: "example.com,metrics.test" }),
      );
      assert.strictEqual(code, 1);
      assert.match(stderr, /getaddrinfo \w+ metrics\.test/);
      assert.isEmpty(proxy.asked);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("reaches a server on loopback without it, whatever the environment says", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      const { host } = yield* MetricsServer.MetricsServer;
      yield* leave(spool, host);
      const proxy = yield* proxied();
      const { stdout, stderr } = yield* resend(
        spool,
        environment({
          SYVAIN_METRICS_HOST: host,
          HTTPS_PROXY: proxy.url,
          HTTP_PROXY: proxy.url,
          NODE_USE_ENV_PROXY: "1",
        }),
      );
      assert.strictEqual(stdout, "50 events delivered.\n", stderr);
      assert.isEmpty(proxy.asked);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  const failures: Record<string, readonly [proxyOf: (proxy: Proxy) => string, says: RegExp]> = {
    "a proxy that refuses it": [
      ({ port }) => `http://me:not-hunter2@127.0.0.1:${port}`,
      /Proxy response \(407\)/,
    ],
    "a proxy that is not there": [
      () => "http://me:hunter2@127.0.0.1:1",
      /connect ECONNREFUSED 127\.0\.0\.1:1\b/,
    ],
  };
  for (const [what, [proxyOf, says]] of Object.entries(failures)) {
    it.live(`names ${what}, and keeps the events`, () =>
      Effect.gen(function* () {
        const spool = yield* temporaryDirectory;
        yield* leave(spool);
        const proxy = yield* proxied("me:hunter2");
        const { code, stderr, stdout } = yield* resend(
          spool,
          environment({ HTTPS_PROXY: proxyOf(proxy) }),
        );
        assert.strictEqual(code, 1);
        assert.strictEqual(stdout, "");
        assert.match(stderr, says);
        assert.include(stderr, "50 events kept");
        yield* showsNoSecret(stderr);
      }).pipe(Effect.scoped, Effect.provide(server)),
    );
  }

  for (const bad of ["hunter2", "proxy.example.com:3128", "http://me:hunter2%@127.0.0.1:1"]) {
    it.live(`refuses a proxy that is no URL (${bad}) in one sentence that does not quote it`, () =>
      Effect.gen(function* () {
        const spool = yield* temporaryDirectory;
        const { code, stderr } = yield* resend(spool, environment({ HTTPS_PROXY: bad }));
        assert.strictEqual(code, 1);
        assert.strictEqual(
          stderr,
          "HTTPS_PROXY or HTTP_PROXY is not a URL such as http://proxy.example.com:3128.\n",
        );
      }).pipe(Effect.scoped, Effect.provide(server)),
    );
  }
});

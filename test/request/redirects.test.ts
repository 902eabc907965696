/** A key goes only to the host it belongs to, so no redirect is followed, by any call and whatever the user set. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { answerAt, calls } from "../support/socket-calls.ts";
import { against, serve, type SocketServer, transportNames, type Turn } from "../support/socket.ts";

const options = { retry: Schedule.recurs(2) };
const ok = ({ response, path }: Turn) => void response.writeHead(200).end(answerAt(path));

/** Redirects everything, but for mints when `mints` says so. */
const redirecting = (
  status: number,
  location: () => string | undefined,
  mints: () => boolean = () => true,
) =>
  serve((turn) => {
    if (turn.method === "POST" && turn.path.endsWith("/ingestion-keys") && mints()) return ok(turn);
    const to = location();
    turn.response.writeHead(status, to === undefined ? {} : { location: to }).end("Moved");
  });

const assertRedirected = (error: MetricsApiError, status: number, origin: string | undefined) => {
  assert(error._tag === "MetricsApiRequestError");
  assert(error.reason._tag === "Redirected", error.message);
  assert.strictEqual(error.reason.origin, origin);
  assert.strictEqual(error.status, status);
  assert.strictEqual(error.attempts, 1);
  assert.include(error.message, `redirect ${origin === undefined ? "elsewhere" : `to ${origin}`},`);
};

const assertRequests = ({ seen }: SocketServer, expected: ReadonlyArray<string>) =>
  assert.deepStrictEqual(
    seen.map(({ method, path }) => `${method} ${path}`),
    expected,
  );

describe.for(transportNames)("%s", (transport) => {
  const places: Record<
    string,
    readonly [
      location: ((here: string, other: string) => string) | undefined,
      origin?: "here" | "other",
    ]
  > = {
    "to another origin": [(_here, other) => `${other}/api/v1/experiments`, "other"],
    "to another origin, without a scheme": [(_, other) => other.slice("http:".length), "other"],
    "to the same origin": [(here) => `${here}/elsewhere`, "here"],
    "to a relative place": [() => "../elsewhere?x=1", "here"],
    "to itself": [() => "", "here"],
    "to what is no place on the web": [() => "mailto:somebody@example.com"],
    "without a Location": [undefined],
    "with a broken Location": [() => "http://["],
  };
  for (const [where, [location, origin]] of Object.entries(places)) {
    it.live(`a redirect ${where} is Redirected, and nobody else is asked`, () =>
      Effect.gen(function* () {
        for (const status of [301, 302, 303, 307, 308]) {
          const other = yield* serve(ok);
          const server: SocketServer = yield* redirecting(status, () =>
            location?.(server.origin, other.origin),
          );
          const origins = { here: server.origin, other: other.origin };
          const write = Effect.flip(Experiments.create({ slug: "s" }));
          const read = Effect.flip(Experiments.list());
          const both = Effect.all([write, read]);
          for (const error of yield* both.pipe(against(transport, server, options))) {
            assertRedirected(error, status, origin && origins[origin]);
          }
          assertRequests(server, ["POST /api/v1/experiments", "GET /api/v1/experiments"]);
          assertRequests(other, []);
        }
      }),
    );
  }

  it.live("no call follows a redirect, under whichever key", () =>
    Effect.gen(function* () {
      const other = yield* serve(ok);
      let minting = false;
      const to = () => `${other.origin}/elsewhere`;
      const server = yield* redirecting(307, to, () => minting);
      for (const { name, effect, mints } of calls) {
        minting = mints;
        const error = yield* Effect.flip(effect).pipe(against(transport, server, options));
        assertRedirected(error, 307, other.origin);
        assert.strictEqual(error._tag === "MetricsApiRequestError" && error.operation, name);
      }
      assert.lengthOf(server.seen, calls.length + 2);
      assertRequests(other, []);
    }),
  );

  it.live("a redirected mint is not followed, and what it was for is not sent", () =>
    Effect.gen(function* () {
      const other = yield* serve(ok);
      const to = () => other.origin;
      const server = yield* redirecting(308, to, () => false);
      const error = yield* Effect.flip(Metrics.ingest("e", [])).pipe(
        against(transport, server, options),
      );
      assertRedirected(error, 308, other.origin);
      assertRequests(server, ["POST /api/v1/experiments/e/ingestion-keys"]);
      assertRequests(other, []);
    }),
  );
});

describe("options of fetch that the user set", () => {
  const init = { credentials: "omit", redirect: "follow", keepalive: true } as const;
  const set = Layer.succeed(FetchHttpClient.RequestInit, init);
  const inside = FetchHttpClient.layer.pipe(Layer.provide(set));
  const ways = {
    "around the program": Layer.merge(FetchHttpClient.layer, set),
    "inside the layer of the client": inside,
    "in both places": Layer.merge(inside, set),
    "in no place": FetchHttpClient.layer,
  };
  for (const [where, client] of Object.entries(ways)) {
    it.live(`${where} reach fetch, but for following redirects`, () =>
      Effect.gen(function* () {
        const other = yield* serve(ok);
        const server = yield* redirecting(307, () => other.origin);
        const asked: Array<RequestInit | undefined> = [];
        const spy: typeof globalThis.fetch = (input, init) => {
          asked.push(init);
          return globalThis.fetch(input, init);
        };
        const errors = yield* Effect.all([
          Effect.flip(Experiments.list()),
          Effect.flip(Metrics.ingest("e", [])),
          Effect.flip(Annotations.create("e", { annotation: "t" })),
        ]).pipe(
          Effect.provide(SyvainMetrics.layer({ apiKey: "k", host: server.origin, ...options })),
          Effect.provide(client),
          Effect.provideService(FetchHttpClient.Fetch, spy),
        );
        for (const error of errors) assertRedirected(error, 307, other.origin);
        assert.lengthOf(asked, 4);
        const own = where === "in no place" ? [undefined, undefined] : ["omit", true];
        for (const sent of asked) {
          assert.strictEqual(sent?.redirect, "manual");
          assert.deepStrictEqual<unknown>([sent?.credentials, sent?.keepalive], own);
        }
        assertRequests(other, []);
      }),
    );
  }

  it.live("are the user's own again after the call", () =>
    Effect.gen(function* () {
      const server = yield* serve(ok);
      const kept = yield* Effect.andThen(Experiments.list(), FetchHttpClient.RequestInit).pipe(
        Effect.provide(SyvainMetrics.layer({ apiKey: "k", host: server.origin })),
        Effect.provide(ways["around the program"]),
      );
      assert.strictEqual(kept, init);
    }),
  );
});

it.live("the opaque redirect of a browser is Redirected, to nobody knows where", () =>
  Effect.gen(function* () {
    const opaque: Response = Object.create(Response.error(), {
      type: { value: "opaqueredirect" },
      status: { value: 0 },
      headers: { value: new Headers() },
      body: { value: null },
      url: { value: "https://metrics.syvain.com/api/v1/experiments" },
    });
    const error = yield* Effect.flip(Experiments.list()).pipe(
      Effect.provide(SyvainMetrics.layer({ apiKey: "k", ...options })),
      Effect.provide(FetchHttpClient.layer),
      Effect.provideService(FetchHttpClient.Fetch, () => Promise.resolve(opaque)),
    );
    assertRedirected(error, 0, undefined);
  }),
);

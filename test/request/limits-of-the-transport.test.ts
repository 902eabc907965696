/** A transport has limits of its own, as undici has under Node's `fetch`: what they end is a Timeout, too. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as Undici from "@effect/platform-node/Undici";
import { assert, describe, it } from "@effect/vitest";
import { createServer, type AddressInfo, type Socket } from "node:net";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as MetricsApiError from "../../src/MetricsApiError.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { answerToAll, seriesBatch } from "../support/socket-calls.ts";
import { serve, type Turn } from "../support/socket.ts";

const create = Experiments.create({ slug: "s" });
const json = { "content-type": "application/json" };
const nothing = () => {};
const answer = ({ response }: Turn) => void response.writeHead(200, json).end(answerToAll());

/** In milliseconds. */
const short = 100;
/** Node's are 300 s for the headers and for each silence of the body, and 10 s to connect. Undici looks once a second. */
const shortLimits: Undici.Agent.Options = {
  headersTimeout: short,
  bodyTimeout: short,
  connect: { timeout: short, rejectUnauthorized: false },
};

const agent = Effect.acquireRelease(
  Effect.sync(() => new Undici.Agent(shortLimits)),
  (agent) => Effect.promise(() => agent.destroy()),
);

/** Node's own `fetch`, on an agent whose limits are short. */
const fetchLayer = Layer.unwrap(
  Effect.map(agent, (agent) =>
    Layer.provideMerge(
      FetchHttpClient.layer,
      Layer.succeed(FetchHttpClient.RequestInit, {
        dispatcher: new Undici.Dispatcher1Wrapper(agent),
      } as RequestInit),
    ),
  ),
);
const undiciLayer = Layer.provide(
  NodeHttpClient.layerUndiciNoDispatcher,
  Layer.effect(NodeHttpClient.Dispatcher, agent),
);

const on = (transport: Layer.Layer<HttpClient.HttpClient>, host: string, times = 0) =>
  Effect.provide(
    Layer.merge(
      transport,
      SyvainMetrics.layer({
        apiKey: "api-key",
        host,
        timeout: "6 minutes",
        retry: Schedule.recurs(times),
      }),
    ),
  );

/** The reason of a call that the transport gave up. */
const reasonOf = (error: MetricsApiError.MetricsApiError) => {
  assert(error._tag === "MetricsApiRequestError", error.message);
  assert(error.reason._tag === "Timeout", error.message);
  assert.strictEqual(error.reason.limit, "transport");
  assert.isTrue(error.retryable);
  return error.reason;
};

/** A host that takes a connection and then says nothing, not even to a TLS handshake. */
const silent = Effect.acquireRelease(
  Effect.callback<{ readonly host: string; readonly stop: () => void }>((resume) => {
    const sockets: Array<Socket> = [];
    const server = createServer((socket) => sockets.push(socket.on("error", nothing)));
    server.listen(0, "127.0.0.1", () => {
      const host = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const stop = () => {
        server.close();
        for (const socket of sockets) socket.destroy();
      };
      resume(Effect.succeed({ host, stop }));
    });
  }),
  ({ stop }) => Effect.sync(stop),
);

describe.concurrent("on fetch, within a `timeout` of 6 minutes", () => {
  const stalls: Record<string, readonly [script: (turn: Turn) => void, says: string]> = {
    "no headers": [nothing, "Headers Timeout Error"],
    "a body that stalls": [
      ({ response }) => void response.writeHead(200, json).write('{"data"'),
      "Body Timeout Error",
    ],
    "the body of a failure that stalls": [
      ({ response }) => void response.writeHead(503, json).write('{"error"'),
      "Body Timeout Error",
    ],
  };
  for (const [what, [script, says]] of Object.entries(stalls)) {
    it.live(`${what}: a Timeout that says who gave up`, () =>
      Effect.gen(function* () {
        const server = yield* serve(script);
        const error = yield* Effect.flip(create).pipe(on(fetchLayer, server.origin));
        const { duration, elapsed, message } = reasonOf(error);
        assert.match(message, /^no whole answer within [\d.]+s, when the transport gave up: \S/);
        assert.include(message, says);
        assert.isAtLeast(Duration.toMillis(duration), short / 2);
        assert.isTrue(Duration.isLessThanOrEqualTo(duration, elapsed));
      }),
    );
  }

  it.live("it passes, so it is tried again, and its duration is that of the last attempt", () =>
    Effect.gen(function* () {
      const server = yield* serve(nothing);
      const error = yield* Effect.flip(create).pipe(on(fetchLayer, server.origin, 2));
      const { duration, elapsed } = reasonOf(error);
      assert(error._tag === "MetricsApiRequestError");
      assert.strictEqual(error.attempts, 3);
      assert.lengthOf(server.seen, 3);
      assert.isTrue(Duration.isLessThan(Duration.times(duration, 2), elapsed));
    }),
  );

  it.live("an attempt that does better answers the call", () =>
    Effect.gen(function* () {
      const server = yield* serve((turn) => (turn.n === 1 ? undefined : answer(turn)));
      const { experiment } = yield* create.pipe(on(fetchLayer, server.origin, 1));
      assert.strictEqual(experiment.id, "e");
    }),
  );

  it.live("a stream of series that falls silent", () =>
    Effect.gen(function* () {
      const server = yield* serve(
        ({ response }) =>
          void response
            .writeHead(200, { "content-type": "application/x-ndjson" })
            .write(`${JSON.stringify(seriesBatch)}\n`),
      );
      const batches: Array<Metrics.SeriesBatch> = [];
      const error = yield* Metrics.streamSeries([{ experimentId: "e" }]).pipe(
        Stream.runForEach((batch) => Effect.sync(() => batches.push(batch))),
        Effect.flip,
        on(fetchLayer, server.origin),
      );
      assert.lengthOf(batches, 1);
      assert.include(reasonOf(error).message, "Body Timeout Error");
    }),
  );

  it.live("the error is the same when it was JSON", () =>
    Effect.gen(function* () {
      const server = yield* serve(nothing);
      const error = yield* Effect.flip(create).pipe(on(fetchLayer, server.origin));
      const codec = Schema.toCodecJson(MetricsApiError.MetricsApiError);
      const text = JSON.stringify(Schema.encodeSync(codec)(error));
      const read = Schema.decodeUnknownSync(codec)(JSON.parse(text));
      assert.deepStrictEqual(reasonOf(read), reasonOf(error));
      assert.strictEqual(read.message, error.message);
    }),
  );
});

for (const [name, transport] of Object.entries({ fetch: fetchLayer, undici: undiciLayer })) {
  it.live(`on ${name}, a host that does not come to a connection is a Timeout of that kind`, () =>
    Effect.gen(function* () {
      const { host } = yield* silent;
      const error = yield* Effect.flip(create).pipe(on(transport, host));
      assert.include(reasonOf(error).message, "Connect Timeout Error");
    }),
  );
}

it.live("so is what a `fetch` with a limit of its own gives up, as that of Bun does", () =>
  Effect.gen(function* () {
    const server = yield* serve(nothing);
    const impatient: typeof fetch = (url, init) =>
      fetch(url, { ...init, signal: AbortSignal.any([init!.signal!, AbortSignal.timeout(short)]) });
    const transport = Layer.provideMerge(
      FetchHttpClient.layer,
      Layer.succeed(FetchHttpClient.Fetch, impatient),
    );
    const error = yield* Effect.flip(create).pipe(on(transport, server.origin));
    assert.include(reasonOf(error).message, "aborted due to timeout");
  }),
);

it.effect("so is what the system gave up", () =>
  Effect.gen(function* () {
    // As node:net fails when no address of a host answers.
    const refused = Object.assign(new Error("connect ETIMEDOUT 192.0.2.1:443"), {
      code: "ETIMEDOUT",
    });
    const transport = HttpClient.make((request) =>
      Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({
            request,
            cause: new TypeError("fetch failed", { cause: new AggregateError([refused]) }),
          }),
        }),
      ),
    );
    const error = yield* Effect.flip(create).pipe(
      on(Layer.succeed(HttpClient.HttpClient, transport), "https://192.0.2.1"),
    );
    assert.include(reasonOf(error).message, "connect ETIMEDOUT 192.0.2.1:443");
  }),
);

it.live("NodeHttpClient.layerUndici lifts the limits on an answer: there `timeout` decides", () =>
  Effect.gen(function* () {
    const server = yield* serve(nothing);
    const call = yield* Effect.forkChild(create.pipe(on(undiciLayer, server.origin)));
    const { response } = yield* server.arrival(1);
    // By then the limit is over that this call does not have.
    const untilOver = Effect.flip(create).pipe(on(fetchLayer, server.origin));
    reasonOf(yield* untilOver);
    response.writeHead(200, json).write(answerToAll().slice(0, 9));
    reasonOf(yield* untilOver);
    response.end(answerToAll().slice(9));
    const { experiment } = yield* Fiber.join(call);
    assert.strictEqual(experiment.id, "e");
  }),
);

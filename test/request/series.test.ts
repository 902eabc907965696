/** Series that come line by line, over real sockets: all or a failure, as they arrive, and no connection left open. */
import { assert, describe, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Queue from "effect/Queue";
import * as Schedule from "effect/Schedule";
import * as Stream from "effect/Stream";
import { TestClock } from "effect/testing";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import * as Metrics from "../../src/Metrics.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { seriesBatch } from "../support/socket-calls.ts";
import { against, serve, transportNames, type Turn } from "../support/socket.ts";

const selection = [{ experimentId: "e", metricName: "loss" }];
const all = Metrics.querySeries(selection);
const stream = Metrics.streamSeries(selection);
const options = { retry: Schedule.recurs(2) };

const ndjson = { "content-type": "application/vnd.syvain.metric-series+ndjson" };
const batch = (n: number) => ({ ...seriesBatch, metadata: { split: `é${n}` } });
const end = (batchCount: number, rowCount = 3 * batchCount) => ({
  kind: "complete",
  batchCount,
  rowCount,
});
const line = (value: unknown) => `${JSON.stringify(value)}\n`;
const whole = line(batch(1)) + line(batch(2)) + line(end(2));
const both = [batch(1), batch(2)];

const says =
  (text: string | Buffer) =>
  ({ response }: Turn) =>
    void response.writeHead(200, ndjson).end(text);
/** The start of a stream, and then whatever `next` does. */
const begins =
  (text: string, next: (turn: Turn) => void = () => {}) =>
  (turn: Turn) =>
    void turn.response.writeHead(200, ndjson).write(text, () => next(turn));
const reset = ({ socket }: Turn) => void socket.resetAndDestroy();

/** Every batch of a stream that is given out goes into a queue, and its failure to whom it may concern. */
const collecting = (options: { readonly policy?: RequestPolicy.Policy } = {}) =>
  Effect.gen(function* () {
    const batches = yield* Queue.unbounded<Metrics.SeriesBatch>();
    const fiber = yield* stream.pipe(
      Stream.runForEach((batch) => Queue.offer(batches, batch)),
      RequestPolicy.withPolicy(options.policy ?? {}),
      Effect.flip,
      Effect.forkChild,
    );
    return { batches, fiber };
  });

const assertCut = (error: MetricsApiError, attempts: number) => {
  assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Transport");
  assert.isTrue(error.retryable);
  assert.strictEqual(error.attempts, attempts);
};

/** Streams that did not come to their end. */
const cuts: Record<string, (turn: Turn) => void> = {
  "without a record that ends it": says(line(batch(1)) + line(batch(2))),
  "in the middle of a line": says(whole.slice(0, -20)),
  "in the middle of a character": says(Buffer.from(line(batch(1))).subarray(0, -4)),
  "with nothing in it": says(""),
  "with blank lines alone": says("\n\n"),
  "by a connection that is reset": begins(line(batch(1)), reset),
  "by a connection that is closed": begins(line(batch(1)), ({ socket }) => void socket.end()),
};

/** Streams that say what they should not, and where. */
const misshapen: Record<string, readonly [text: string, path: ReadonlyArray<string>]> = {
  "fewer batches than there were": [line(batch(1)) + line(batch(2)) + line(end(1, 6)), []],
  "more rows than there were": [line(batch(1)) + line(end(1, 4)), []],
  "a batch behind the end": [whole + line(batch(3)), []],
  "a second end": [whole + line(end(2)), []],
  "columns of unequal length": [
    line({ ...batch(1), data: { ...seriesBatch.data, value: [1] } }) + line(end(1)),
    ["data"],
  ],
  "a value that is no number": [
    line({ ...batch(1), data: { ...seriesBatch.data, value: [1, null, 2] } }) + line(end(1)),
    ["data", "value"],
  ],
  "metadata that is not of strings": [
    line({ ...batch(1), metadata: { split: 1 } }) + line(end(1)),
    ["metadata", "split"],
  ],
  "an envelope": [line({ data: [batch(1)], error: null }), ["experimentId"]],
};

describe.for(transportNames)("%s", (transport) => {
  it.live("querySeries asks for a stream, without a key, and answers all batches", () =>
    Effect.gen(function* () {
      const server = yield* serve(says(whole));
      assert.deepStrictEqual(yield* all.pipe(against(transport, server)), both);
      const [{ method, path, headers, body } = assert.fail()] = server.seen;
      assert.strictEqual(`${method} ${path}`, "POST /api/v1/query/series");
      assert.strictEqual(headers.accept, ndjson["content-type"]);
      assert.notProperty(headers, "idempotency-key");
      assert.deepStrictEqual(JSON.parse(body), {
        series: selection,
        order: { axis: "step", direction: "asc" },
        stream: true,
      });
    }),
  );

  it.live("blank lines, other line ends, a byte order mark and unknown fields do no harm", () =>
    Effect.gen(function* () {
      const strange = [
        `\ufeff${whole}`,
        `\n\r\n${whole.replaceAll("\n", "\r\n\r\n")}`,
        whole.trimEnd(),
        line({ ...batch(1), new: {} }) + line(batch(2)) + line({ ...end(2), new: 1 }),
      ];
      const server = yield* serve((turn) => says(strange[turn.n - 1]!)(turn));
      const program = Effect.all(strange.map(() => all)).pipe(against(transport, server));
      assert.deepStrictEqual(
        yield* program,
        strange.map(() => both),
      );
    }),
  );

  it.live("lines arrive in pieces, which end anywhere", () =>
    Effect.gen(function* () {
      const server = yield* serve(({ response }) => {
        response.writeHead(200, ndjson);
        const bytes = Buffer.from(whole);
        const write = (at: number): void => {
          if (at >= bytes.length) return void response.end();
          response.write(bytes.subarray(at, at + 1), () => setImmediate(write, at + 1));
        };
        write(0);
      });
      assert.deepStrictEqual(yield* all.pipe(against(transport, server)), both);
    }),
  );

  for (const [how, cut] of Object.entries(cuts)) {
    it.live(`querySeries asks again for a stream that was cut short ${how}`, () =>
      Effect.gen(function* () {
        const server = yield* serve((turn) => (turn.n <= 2 ? cut : says(whole))(turn));
        assert.deepStrictEqual(yield* all.pipe(against(transport, server, options)), both);
        assert.lengthOf(server.seen, 3);
      }),
    );

    it.live(`streamSeries fails, retryable, at once, when it was cut short ${how}`, () =>
      Effect.gen(function* () {
        const server = yield* serve(cut);
        const error = yield* Effect.flip(Stream.runDrain(stream)).pipe(
          against(transport, server, options),
        );
        assertCut(error, 1);
        assert.lengthOf(server.seen, 1);
      }),
    );
  }

  it.live("a stream that is cut short every time is a Transport failure in the end", () =>
    Effect.gen(function* () {
      const server = yield* serve(cuts["in the middle of a line"]!);
      assertCut(yield* Effect.flip(all).pipe(against(transport, server, options)), 3);
    }),
  );

  it.live("a line that is not JSON is tried again, and InvalidJson in the end", () =>
    Effect.gen(function* () {
      const server = yield* serve(says(line(batch(1)) + "<html>\n"));
      const error = yield* Effect.flip(all).pipe(against(transport, server, options));
      assert.strictEqual(error._tag, "MetricsApiResponseError");
      assert.strictEqual(error.reason._tag, "InvalidJson");
      assert.lengthOf(server.seen, 3);
    }),
  );

  for (const [what, [text, path]] of Object.entries(misshapen)) {
    it.live(`${what}: a response error that names the place, and no retry`, () =>
      Effect.gen(function* () {
        // The connection stays open: the client has to let it go.
        const server = yield* serve(begins(text));
        for (const call of [all, Stream.runDrain(stream)]) {
          const error = yield* Effect.flip(call).pipe(against(transport, server, options));
          assert(error._tag === "MetricsApiResponseError", error.message);
          assert.strictEqual(error.reason._tag, "UnexpectedShape");
          assert.deepStrictEqual(error.path, path);
          assert.strictEqual(error.attempts, 1);
        }
        assert.lengthOf(server.seen, 2);
      }),
    );
  }

  it.live("a refusal is what it is for any other call", () =>
    Effect.gen(function* () {
      const server = yield* serve(({ n, response }) => {
        const status = n === 1 ? 503 : 404;
        response.writeHead(status).end('{"error":{"message":"no such experiment"}}');
      });
      const error = yield* Effect.flip(Stream.runDrain(stream)).pipe(
        against(transport, server, options),
      );
      assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "NotFound");
      assert.strictEqual(error.detail, "no such experiment");
      assert.strictEqual(error.attempts, 2);
    }),
  );

  it.live("streamSeries gives each batch when it arrives", () =>
    Effect.gen(function* () {
      const server = yield* serve(begins(line(batch(1))));
      yield* Effect.gen(function* () {
        const { batches, fiber } = yield* collecting();
        const { response } = yield* server.arrival(1);
        assert.deepStrictEqual(yield* Queue.take(batches), batch(1));
        response.write(line(batch(2)));
        assert.deepStrictEqual(yield* Queue.take(batches), batch(2));
        // What was given out before it was cut short stands.
        response.end();
        assertCut(yield* Fiber.join(fiber), 1);
      }).pipe(against(transport, server));
    }),
  );

  it.live("leaving a stream early closes its connection", () =>
    Effect.gen(function* () {
      const server = yield* serve(begins(line(batch(1)) + line(batch(2))));
      const first = Stream.runHead(stream).pipe(against(transport, server));
      assert.isTrue((yield* first)._tag === "Some");
      assert.strictEqual(yield* Effect.promise(() => server.seen[0]!.over), "aborted");
    }),
  );

  it.live("the largest answer that is accepted is the largest line here", () =>
    Effect.gen(function* () {
      const bytes = Buffer.byteLength(JSON.stringify(batch(1)));
      const server = yield* serve(says(whole));
      const ask = (maxResponseBytes: number) =>
        Effect.exit(all).pipe(against(transport, server, { ...options, maxResponseBytes }));
      assert.strictEqual((yield* ask(bytes))._tag, "Success");
      const error = yield* Effect.flip(all).pipe(
        against(transport, server, { ...options, maxResponseBytes: bytes - 1 }),
      );
      assert.strictEqual(error.reason._tag, "BodyTooLarge");
      assert.lengthOf(server.seen, 2);
    }),
  );

  it.effect("the timeout bounds the wait for the headers, and each silence, not the whole", () =>
    Effect.gen(function* () {
      const server = yield* serve((turn) => (turn.n === 1 ? undefined : begins("")(turn)));
      const answered = yield* Deferred.make<void>();
      const onHeaders = () => Deferred.doneUnsafe(answered, Effect.void);
      yield* Effect.gen(function* () {
        const { batches, fiber } = yield* collecting();
        const unanswered = yield* server.arrival(1);
        yield* TestClock.adjust("10 seconds");
        assert.strictEqual(yield* Effect.promise(() => unanswered.over), "aborted");

        const { response, over } = yield* server.arrival(2);
        yield* Deferred.await(answered);
        for (const n of [1, 2, 3]) {
          yield* TestClock.adjust("9 seconds");
          response.write(line(batch(n)));
          assert.deepStrictEqual(yield* Queue.take(batches), batch(n));
        }
        yield* TestClock.adjust("9999 millis");
        assert.isUndefined(fiber.pollUnsafe());
        yield* TestClock.adjust("1 millis");
        const error = yield* Fiber.join(fiber);
        assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
        assert.strictEqual(error.reason.limit, "attempt");
        assert.isTrue(error.retryable);
        assert.strictEqual(error.attempts, 2);
        assert.strictEqual(yield* Effect.promise(() => over), "aborted");
      }).pipe(against(transport, server, { ...options, onHeaders }));
    }),
  );

  it.live("querySeries asks again after a silence", () =>
    Effect.gen(function* () {
      const server = yield* serve((turn) =>
        (turn.n === 1 ? begins(line(batch(1))) : says(whole))(turn),
      );
      const program = all.pipe(RequestPolicy.withTimeout("300 millis"));
      assert.deepStrictEqual(yield* program.pipe(against(transport, server, options)), both);
      assert.strictEqual(yield* Effect.promise(() => server.seen[0]!.over), "aborted");
    }),
  );

  it.effect("the deadline bounds the whole", () =>
    Effect.gen(function* () {
      const server = yield* serve(begins(""));
      const answered = yield* Deferred.make<void>();
      const onHeaders = () => Deferred.doneUnsafe(answered, Effect.void);
      yield* Effect.gen(function* () {
        const { batches, fiber } = yield* collecting({ policy: { deadline: "25 seconds" } });
        const { response, over } = yield* server.arrival(1);
        yield* Deferred.await(answered);
        for (const n of [1, 2, 3]) {
          yield* TestClock.adjust("8 seconds");
          response.write(line(batch(n)));
          yield* Queue.take(batches);
        }
        assert.isUndefined(fiber.pollUnsafe());
        yield* TestClock.adjust("1 second");
        const error = yield* Fiber.join(fiber);
        assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Timeout");
        assert.strictEqual(error.reason.limit, "deadline");
        assert.strictEqual(yield* Effect.promise(() => over), "aborted");
      }).pipe(against(transport, server, { ...options, onHeaders }));
    }),
  );
});

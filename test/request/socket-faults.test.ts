/** What can go wrong with a connection, over real sockets, and what the client makes of it. */
import { assert, describe, it } from "@effect/vitest";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schedule from "effect/Schedule";
import { TestClock } from "effect/testing";
import * as Experiments from "../../src/Experiments.ts";
import { answerToAll } from "../support/socket-calls.ts";
import { against, serve, type SocketServer, transportNames, type Turn } from "../support/socket.ts";

const MiB = 1024 * 1024;
const twice = { retry: Schedule.recurs(2) };
const create = Experiments.create({ slug: "s" });
const json = { "content-type": "application/json" };

const answer = ({ response }: Turn) => void response.writeHead(200, json).end(answerToAll());
/** The start of an answer, and then whatever `next` does. */
const partly =
  (headers: Record<string, string>, next: (turn: Turn) => void, status = 200) =>
  (turn: Turn) =>
    void turn.response
      .writeHead(status, { ...json, ...headers })
      .write('{"data"', () => next(turn));
const chunked = { "transfer-encoding": "chunked" };
const sized = { "content-length": "100" };
const nothing = () => {};
const hangUp = ({ socket }: Turn) => void socket.end();
const reset = ({ socket }: Turn) => void socket.resetAndDestroy();

/** Writes for as long as anybody reads. */
const endlessly = ({ response }: Turn) => {
  const chunk = Buffer.alloc(256 * 1024, 120);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", more);
  more();
};

const keysOf = (server: SocketServer) =>
  new Set(server.seen.map(({ headers }) => headers["idempotency-key"]));

for (const transport of transportNames) {
  describe(transport, () => {
    const broken: Record<string, (turn: Turn) => void> = {
      "closed before an answer": hangUp,
      "reset before an answer": reset,
      "closed in the headers": ({ socket }) => socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
      "reset in the headers": (turn) =>
        turn.socket.write("HTTP/1.1 200 OK\r\nContent-Le", () => reset(turn)),
      "closed in a body of declared length": partly(sized, hangUp),
      "closed in a chunked body": partly(chunked, hangUp),
      "reset in a body of declared length": partly(sized, reset),
      "reset in a chunked body": partly(chunked, reset),
      "reset in the body of a refusal": partly(chunked, reset, 401),
      "closed in the body of a failure": partly(sized, hangUp, 503),
      "answered by something that is not HTTP": ({ socket }) => socket.end("SSH-2.0-OpenSSH_9\r\n"),
      "answered with a chunk of no length": partly(chunked, ({ socket }) =>
        socket.end("zz\r\n\r\n"),
      ),
      ...(transport === "fetch" && {
        "answered with a broken gzip": ({ response }: Turn) =>
          response.writeHead(200, { ...json, "content-encoding": "gzip" }).end("no gzip"),
      }),
    };
    for (const [what, fault] of Object.entries(broken)) {
      it.live(`a connection ${what} is a Transport failure, tried again under one key`, () =>
        Effect.gen(function* () {
          const server = yield* serve(fault);
          const error = yield* Effect.flip(create).pipe(against(transport, server, twice));
          assert(error._tag === "MetricsApiRequestError");
          assert(error.reason._tag === "Transport");
          assert.match(
            error.reason.message,
            /^(the service could not be reached|the answer broke off): \S/,
          );
          assert.strictEqual(error.attempts, 3);
          assert.lengthOf(server.seen, 3);
          assert.deepStrictEqual([...keysOf(server)], [error.idempotencyKey]);
        }),
      );

      it.live(`a connection ${what} once costs one more attempt`, () =>
        Effect.gen(function* () {
          const server = yield* serve((turn) => (turn.n === 1 ? fault(turn) : answer(turn)));
          const { experiment } = yield* create.pipe(against(transport, server, twice));
          assert.strictEqual(experiment.id, "e");
          assert.lengthOf(server.seen, 2);
        }),
      );
    }

    it.live("a refused connection is a Transport failure with its code", () =>
      Effect.gen(function* () {
        const server = yield* serve(answer);
        const port = yield* freePort;
        const error = yield* Effect.flip(create).pipe(
          against(transport, server, { ...twice, host: `http://127.0.0.1:${port}` }),
        );
        assert(error._tag === "MetricsApiRequestError" && error.reason._tag === "Transport");
        assert.strictEqual(error.reason.code, "ECONNREFUSED");
        assert.strictEqual(error.attempts, 3);
        assert.isUndefined(error.status);
      }),
    );

    for (const [when, acts] of [
      ["before", false],
      ["after", true],
    ] as const) {
      it.live(`a connection dropped ${when} the server acted: it acts once in all`, () =>
        Effect.gen(function* () {
          const stored = new Map<string, number>();
          const act = (key: string) => stored.set(key, stored.size + 1);
          const server = yield* serve((turn) => {
            const key = turn.headers["idempotency-key"] as string;
            if ((turn.n > 1 || acts) && !stored.has(key)) act(key);
            if (turn.n === 1) return hangUp(turn);
            const text = answerToAll().replaceAll('"id":"e"', `"id":"act ${stored.get(key)}"`);
            return void turn.response.writeHead(200, json).end(text);
          });
          const { experiment } = yield* create.pipe(against(transport, server, twice));
          assert.strictEqual(experiment.id, "act 1");
          assert.strictEqual(stored.size, 1);
          assert.lengthOf(server.seen, 2);
          assert.strictEqual(server.seen[0]!.body, server.seen[1]!.body);
        }),
      );
    }

    const stalls: Record<string, (turn: Turn) => void> = {
      "before the headers": nothing,
      "in a body of declared length": partly(sized, nothing),
      "in a chunked body": partly(chunked, nothing),
      "in the body of a failure": partly(chunked, nothing, 503),
    };
    for (const [where, stall] of Object.entries(stalls)) {
      it.effect(`an answer that stalls ${where} is a Timeout, and each attempt is aborted`, () =>
        Effect.gen(function* () {
          const server = yield* serve(stall);
          const headers = [yield* Deferred.make<void>(), yield* Deferred.make<void>()];
          let answers = 0;
          const onHeaders = () => Deferred.doneUnsafe(headers[answers++]!, Effect.void);
          const error = yield* Effect.gen(function* () {
            const fiber = yield* Effect.forkChild(Effect.flip(create));
            for (const n of [1, 2]) {
              const turn = yield* server.arrival(n);
              if (stall !== nothing) yield* Deferred.await(headers[n - 1]!);
              yield* TestClock.adjust("9999 millis");
              assert.isUndefined(fiber.pollUnsafe());
              yield* TestClock.adjust("1 millis");
              assert.strictEqual(yield* Effect.promise(() => turn.over), "aborted");
            }
            return yield* Fiber.join(fiber);
          }).pipe(against(transport, server, { retry: Schedule.recurs(1), onHeaders }));
          assert(error._tag === "MetricsApiRequestError");
          assert.strictEqual(error.reason._tag, "Timeout");
          assert.isTrue(error.retryable);
          assert.strictEqual(error.attempts, 2);
          assert.isUndefined(error.status);
        }),
      );
    }

    const answers: ReadonlyArray<
      readonly [what: string, status: number, body: string, reason: string, attempts: number]
    > = [
      ["a 200 with HTML", 200, "<html><title>Sign in</title>", "InvalidJson", 3],
      ["an empty 200", 200, "", "InvalidJson", 3],
      ["a 204", 204, "", "InvalidJson", 3],
      ["a 502 with HTML", 502, "<html><title>Bad Gateway</title>", "ServerStatus", 3],
      ["a 413 with HTML", 413, "<html><title>Too large</title>", "ClientStatus", 1],
    ];
    for (const [what, status, body, reason, attempts] of answers) {
      it.live(`${what} from a gateway is ${reason}, after ${attempts} attempts`, () =>
        Effect.gen(function* () {
          const server = yield* serve(
            ({ response }) =>
              void response.writeHead(status, { "content-type": "text/html" }).end(body),
          );
          const error = yield* Effect.flip(create).pipe(against(transport, server, twice));
          assert(error._tag !== "MetricsApiAuthError");
          assert.strictEqual(error.reason._tag, reason);
          assert.strictEqual(error.attempts, attempts);
          assert.strictEqual(error.status, status);
          assert.lengthOf(server.seen, attempts);
          if (error._tag === "MetricsApiRequestError") {
            assert.strictEqual(error.detail, body);
          }
        }),
      );
    }

    it.live("a body that begins with a byte order mark is read all the same", () =>
      Effect.gen(function* () {
        const length = Buffer.byteLength(`\ufeff${answerToAll()}`);
        for (const headers of [json, { ...json, "content-length": length }]) {
          const server = yield* serve(
            ({ response }) => void response.writeHead(200, headers).end(`\ufeff${answerToAll()}`),
          );
          const { experiment } = yield* create.pipe(against(transport, server, twice));
          assert.strictEqual(experiment.id, "e");
        }
      }),
    );

    const tooLarge: Record<string, (turn: Turn) => void> = {
      "declared, before it is read": partly({ "content-length": String(64 * MiB + 1) }, nothing),
      "streamed, while it is read": partly(chunked, endlessly),
    };
    for (const [what, script] of Object.entries(tooLarge)) {
      it.live(`an answer of more than 64 MiB is refused: ${what}`, () =>
        Effect.gen(function* () {
          const server = yield* serve(script);
          const error = yield* Effect.flip(create).pipe(against(transport, server, twice));
          assert(error._tag === "MetricsApiResponseError", error.message);
          assert(error.reason._tag === "BodyTooLarge");
          assert.strictEqual(error.reason.limit, 64 * MiB);
          assert.strictEqual(error.attempts, 1);
          assert.isAtMost(Buffer.byteLength(error.body ?? ""), 16 * 1024);
          assert.strictEqual(yield* Effect.promise(() => server.seen[0]!.over), "aborted");
        }),
      );
    }

    for (const [how, headers] of Object.entries({
      declared: { "content-length": String(10 * MiB) },
      streamed: chunked,
    })) {
      it.live(`of a failure with 10 MiB, ${how}, 16 KiB are kept and the rest is not awaited`, () =>
        Effect.gen(function* () {
          const server = yield* serve(
            ({ response }) => void response.writeHead(400, headers).write("x".repeat(64 * 1024)),
          );
          const error = yield* Effect.flip(create).pipe(against(transport, server, twice));
          assert(error._tag === "MetricsApiRequestError");
          assert.strictEqual(error.reason._tag, "ClientStatus");
          assert.strictEqual(error.body, "x".repeat(16 * 1024));
          assert.strictEqual(yield* Effect.promise(() => server.seen[0]!.over), "aborted");
        }),
      );
    }
  });
}

/** A port that nobody listens on. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => resume(Effect.succeed(port)));
  });
});

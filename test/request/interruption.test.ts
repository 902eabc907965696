/** A call that is interrupted aborts what is under way and sends nothing more, over real sockets. */
import { assert, describe, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Schedule from "effect/Schedule";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import { answerToAll, seriesBatch } from "../support/socket-calls.ts";
import { against, serve, transportNames, type Turn } from "../support/socket.ts";

const json = { "content-type": "application/json" };
const answer = ({ response }: Turn) => void response.writeHead(200, json).end(answerToAll());
const hold = () => {};
const startBody = ({ response }: Turn) => void response.writeHead(200, json).write('{"data"');
const unavailable = ({ response }: Turn) => void response.writeHead(503, json).end("{}");
const create = Experiments.create({ slug: "s" });
const isMint = ({ path }: Turn) => path.endsWith("/ingestion-keys");

/** Every retry a minute later: what is sent in the meantime is sent in spite of an interruption. */
const patient = { retry: Schedule.spaced("1 minute") };

for (const transport of transportNames) {
  describe(transport, () => {
    for (const [where, script] of [
      ["before the headers of an answer", hold],
      ["in its body", startBody],
    ] as const) {
      it.live(`${where}, the connection is aborted`, () =>
        Effect.gen(function* () {
          const server = yield* serve(script);
          yield* Effect.gen(function* () {
            const fiber = yield* Effect.forkChild(create);
            const turn = yield* server.arrival(1);
            yield* Fiber.interrupt(fiber);
            assert.strictEqual(yield* Effect.promise(() => turn.over), "aborted");
          }).pipe(against(transport, server, { retry: Schedule.recurs(9) }));
          assert.lengthOf(server.seen, 1);
        }),
      );
    }

    it.live("between attempts, nothing more is sent", () =>
      Effect.gen(function* () {
        const server = yield* serve(unavailable);
        yield* Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(create);
          const turn = yield* server.arrival(1);
          assert.strictEqual(yield* Effect.promise(() => turn.over), "answered");
          yield* Fiber.interrupt(fiber);
          assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)));
        }).pipe(against(transport, server, patient));
        assert.lengthOf(server.seen, 1);
      }),
    );

    const fromOutside = {
      "Effect.timeout": (server: { readonly arrived: Effect.Effect<unknown> }) =>
        Effect.ignore(
          Effect.timeoutOrElse(create, {
            duration: "100 millis",
            orElse: () => Effect.asVoid(server.arrived),
          }),
        ),
      "Effect.race": (server: { readonly arrived: Effect.Effect<unknown> }) =>
        Effect.ignore(Effect.race(create, server.arrived)),
      "the end of a scope": (server: { readonly arrived: Effect.Effect<unknown> }) =>
        Effect.gen(function* () {
          const scope = yield* Scope.make();
          yield* Effect.forkIn(create, scope);
          yield* server.arrived;
          yield* Scope.close(scope, Exit.void);
        }),
    };
    for (const [what, interrupt] of Object.entries(fromOutside)) {
      it.live(`${what} from outside aborts the attempt under way`, () =>
        Effect.gen(function* () {
          const server = yield* serve(hold);
          yield* interrupt({ arrived: server.arrival(1) }).pipe(
            against(transport, server, { retry: Schedule.recurs(9) }),
          );
          assert.strictEqual(yield* Effect.promise(() => server.seen[0]!.over), "aborted");
          assert.lengthOf(server.seen, 1);
        }),
      );
    }

    it.live("one of many that wait for a mint may go, and the others are served", () =>
      Effect.gen(function* () {
        let mint: Turn | undefined;
        const server = yield* serve((turn) => {
          if (isMint(turn)) mint = turn;
          else answer(turn);
        });
        yield* Effect.gen(function* () {
          const ingest = Metrics.ingest("e", []);
          const minting = yield* Effect.forkChild(ingest);
          yield* server.arrival(1);
          const [gone, ...rest] = yield* Effect.all(
            Array.from({ length: 5 }, () => Effect.forkChild(ingest, { startImmediately: true })),
          );
          yield* Fiber.interrupt(gone!);
          answer(mint!);
          for (const fiber of [minting, ...rest]) {
            assert.deepStrictEqual(yield* Fiber.join(fiber), { ok: true, mode: "sync" });
          }
        }).pipe(against(transport, server));
        assert.lengthOf(server.seen.filter(isMint), 1);
        assert.lengthOf(server.seen, 1 + 5);
      }),
    );

    it.live("the one that began the mint may go, and the others are served by it", () =>
      Effect.gen(function* () {
        const server = yield* serve((turn) => (turn.n === 1 ? hold() : answer(turn)));
        yield* Effect.gen(function* () {
          const ingest = Metrics.ingest("e", []);
          const minting = yield* Effect.forkChild(ingest);
          const mint = yield* server.arrival(1);
          const others = yield* Effect.all(
            Array.from({ length: 5 }, () => Effect.forkChild(ingest, { startImmediately: true })),
          );
          yield* Fiber.interrupt(minting);
          answer(mint);
          for (const fiber of others) {
            assert.deepStrictEqual(yield* Fiber.join(fiber), { ok: true, mode: "sync" });
          }
        }).pipe(against(transport, server));
        assert.lengthOf(server.seen.filter(isMint), 1);
        assert.lengthOf(server.seen, 1 + 5);
      }),
    );

    it.live("a mint that nobody waits for any more is aborted", () =>
      Effect.gen(function* () {
        const server = yield* serve(hold);
        yield* Effect.gen(function* () {
          const ingest = Metrics.ingest("e", []);
          const fibers = [yield* Effect.forkChild(ingest)];
          const mint = yield* server.arrival(1);
          fibers.push(yield* Effect.forkChild(ingest, { startImmediately: true }));
          yield* Fiber.interruptAll(fibers);
          assert.strictEqual(yield* Effect.promise(() => mint.over), "aborted");
        }).pipe(against(transport, server));
        assert.lengthOf(server.seen, 1);
      }),
    );

    it.live("a stream that is interrupted is aborted, and asked for no more", () =>
      Effect.gen(function* () {
        const server = yield* serve(
          ({ response }) =>
            void response.writeHead(200, json).write(`${JSON.stringify(seriesBatch)}\n`),
        );
        yield* Effect.gen(function* () {
          const first = yield* Deferred.make<void>();
          const fiber = yield* Metrics.streamSeries([{ experimentId: "e" }]).pipe(
            Stream.runForEach(() => Deferred.succeed(first, undefined)),
            Effect.forkChild,
          );
          yield* Deferred.await(first);
          yield* Fiber.interrupt(fiber);
          assert.strictEqual(yield* Effect.promise(() => server.seen[0]!.over), "aborted");
        }).pipe(against(transport, server));
        assert.lengthOf(server.seen, 1);
      }),
    );
  });
}

/** The token of a run: renewed in time and when it is refused, once for all who wait, and revoked at the end. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Scope from "effect/Scope";
import { TestClock } from "effect/testing";
import * as Runs from "../../src/v2/Runs.ts";
import { serve, type SocketServer, type Turn } from "../support/socket.ts";
import { envelopesOf, layerV2, shortName, usualBody } from "../support/v2.ts";

const hour = 3_600_000;

/** A service that gives out tokens which last so long, by the client's clock, and takes the one it gave out last. */
const service = (ttl: number, onTurn: (turn: Turn) => boolean = () => false) => {
  let token = 0;
  return serve((turn) => {
    if (onTurn(turn)) return;
    const [first] = envelopesOf(turn);
    const event = shortName(first!.event);
    const isOfExperiment = turn.path.startsWith("/api/v2/experiments/");
    if (isOfExperiment && turn.headers.authorization !== `Bearer token-${token}`) {
      return void turn.response.writeHead(401).end('{"error":{"message":"no such token"}}');
    }
    if (event !== "experiment.open" && event !== "experiment.tokenRefresh") {
      return void turn.response.end(usualBody(turn));
    }
    token++;
    const [reply] = JSON.parse(usualBody(turn));
    const data = {
      ...reply.data,
      experimentId: "exp-1",
      experimentToken: `token-${token}`,
      expiresAtMs: ttl * token,
    };
    turn.response.end(JSON.stringify([{ ...reply, data }]));
  });
};

const sent = ({ seen }: SocketServer): ReadonlyArray<string> =>
  seen.map((turn) => {
    const [, token = "key"] = /^Bearer (token-\d+)$/.exec(turn.headers.authorization ?? "") ?? [];
    return `${shortName(envelopesOf(turn)[0]!.event)} ${token}`;
  });

const three = (run: Runs.Run) =>
  Effect.all([run.start, run.annotate("a"), run.metrics([{ name: "loss", value: 1, step: 0 }])], {
    concurrency: "unbounded",
  });

it.effect("is renewed 5 minutes before it expires, once for all calls that wait for it", () =>
  Effect.gen(function* () {
    const server = yield* service(hour);
    yield* Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "run" });
      yield* TestClock.adjust(hour - 5 * 60_000);
      yield* run.start;
      assert.deepStrictEqual(sent(server), ["experiment.open key", "experiment.start token-1"]);
      yield* TestClock.adjust(1);
      yield* three(run);
      assert.deepStrictEqual(sent(server).slice(2).toSorted(), [
        "experiment.annotate token-2",
        "experiment.metric token-2",
        "experiment.start token-2",
        "experiment.tokenRefresh key",
      ]);
    }).pipe(Effect.scoped, Effect.provide(layerV2("undici", server)));
  }),
);

it.effect(
  "is renewed when it is refused, once for all calls, which are sent again under their ids",
  () =>
    Effect.gen(function* () {
      const server = yield* service(hour, ({ headers, response }) => {
        const isRefused = headers.authorization === "Bearer token-1";
        if (isRefused) response.writeHead(401).end();
        return isRefused;
      });
      yield* Effect.gen(function* () {
        const run = yield* Runs.open({ slug: "run" });
        yield* three(run);
        const refreshes = sent(server).filter((what) => what.startsWith("experiment.tokenRefresh"));
        assert.strictEqual(refreshes.length, 1);
        for (const event of ["start", "annotate", "metric"]) {
          const turns = server.seen.filter((turn) => envelopesOf(turn)[0]!.event.endsWith(event));
          assert.strictEqual(turns.length, 2, event);
          assert.strictEqual(turns[0]!.body, turns[1]!.body);
        }
      }).pipe(Effect.scoped, Effect.provide(layerV2("undici", server)));
    }),
);

it.live("is renewed only once for a call: a second refusal is the failure of the call", () =>
  Effect.gen(function* () {
    const server = yield* service(Date.now() + hour, ({ path, response }) => {
      const isOfExperiment = path.startsWith("/api/v2/experiments/");
      if (isOfExperiment) response.writeHead(401).end();
      return isOfExperiment;
    });
    yield* Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "run" });
      const error = yield* Effect.flip(run.start);
      assert.strictEqual(error.reason._tag, "Unauthorized");
      assert.deepStrictEqual(sent(server), [
        "experiment.open key",
        "experiment.start token-1",
        "experiment.tokenRefresh key",
        "experiment.start token-2",
      ]);
    }).pipe(Effect.scoped, Effect.provide(layerV2("fetch", server)));
  }),
);

it.live("is not shared by who waits when it could not be renewed: each asks for itself", () =>
  Effect.gen(function* () {
    let refreshes = 0;
    const server = yield* service(1, (turn) => {
      const isFirst = envelopesOf(turn)[0]!.event.endsWith("tokenRefresh") && ++refreshes === 1;
      if (isFirst) turn.response.writeHead(422).end();
      return isFirst;
    });
    yield* Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "run" });
      const exits = yield* Effect.all([Effect.exit(run.start), Effect.exit(run.done)], {
        concurrency: "unbounded",
      });
      assert.strictEqual(exits.filter(Exit.isFailure).length, 1);
    }).pipe(Effect.scoped, Effect.provide(layerV2("fetch", server)));
  }),
);

it.live("is revoked when the scope closes, once, and nothing is sent under it then", () =>
  Effect.gen(function* () {
    const server = yield* service(Date.now() + hour);
    yield* Effect.gen(function* () {
      const scope = yield* Scope.make();
      const run = yield* Runs.open({ slug: "run" }).pipe(Scope.provide(scope));
      yield* Scope.close(scope, Exit.void);
      yield* Scope.close(scope, Exit.void);
      const expected = ["experiment.open key", "experiment.tokenRevoke token-1"];
      assert.deepStrictEqual(sent(server), expected);
      for (const call of [
        run.start,
        run.annotate("a"),
        run.metrics([{ name: "a", value: 1, step: 0 }]),
      ]) {
        const error = yield* Effect.flip(Effect.asVoid(call));
        assert.strictEqual(error.reason._tag, "InvalidRequest");
      }
      assert.deepStrictEqual(sent(server), expected);
    }).pipe(Effect.provide(layerV2("fetch", server)));
  }),
);

it.live("that cannot be revoked does not fail the scope, and the log says so", () =>
  Effect.gen(function* () {
    const said: Array<string> = [];
    const logs = Logger.layer([Logger.make(({ message }) => void said.push(String(message)))]);
    const server = yield* service(Date.now() + hour, (turn) => {
      const isRevoke = envelopesOf(turn)[0]!.event.endsWith("tokenRevoke");
      if (isRevoke) turn.socket.destroy();
      return isRevoke;
    });
    yield* Effect.scoped(Runs.open({ slug: "run" })).pipe(
      Effect.provide(Layer.merge(layerV2("fetch", server), logs)),
    );
    assert.strictEqual(said.length, 1);
    assert.match(said[0]!, /^The token of experiment exp-1 could not be revoked/);
    assert.notMatch(said[0]!, /token-1|api-key/);
  }),
);

it.live("is revoked when the opening is interrupted behind it", () =>
  Effect.gen(function* () {
    const server = yield* service(Date.now() + hour, (turn) =>
      envelopesOf(turn)[0]!.event.endsWith("folderexperiment.move"),
    );
    yield* Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        Effect.scoped(Runs.open({ slug: "run", folder: "/models" })),
      );
      yield* server.arrival(3);
      yield* Fiber.interrupt(fiber);
      assert.strictEqual(sent(server).at(-1), "experiment.tokenRevoke token-1");
    }).pipe(Effect.provide(layerV2("fetch", server)));
  }),
);

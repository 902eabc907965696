/** A Postgres that goes away or stands still, in the middle of a transaction too: nothing is half kept, nothing waits for ever. */
import { assert, describe, it, onTestFinished } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { layerPostgres } from "../../src/server/drivers/postgres.ts";
import { Store } from "../../src/server/store.ts";
import { isMissing, postgresServer } from "../support/postgresServer.ts";
import { newExperiment } from "../support/stores.ts";

const experiment = newExperiment("e");

const count = 500;

const ingest = Effect.flatMap(Store, (store) =>
  store.ingest({
    experimentId: "e",
    serverTime: 2,
    keyId: null,
    events: Array.from({ length: count }, (_, step) => ({
      clientEventId: `${step}`,
      name: "loss",
      value: step,
      step,
      clientTime: 1,
      metadata: {},
    })),
    answer: {
      idempotencyKey: "k",
      request: "r",
      answer: { status: 200, contentType: "application/json", body: "{}" },
    },
  }),
);

/** How many events of the one series there are, and whether the answer is. */
const kept = Effect.gen(function* () {
  const store = yield* Store;
  const [series] = yield* store.series("e", undefined);
  const answer = yield* store.answer("k");
  return [series?.count ?? 0, answer !== undefined] as const;
});

const reasonOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) => (error as { reason?: unknown }).reason);

/** A client of the database that holds a table, so that what comes stands in the middle of its transaction. */
const hold = async (url: string, table: string) => {
  const psql = spawn("psql", ["-qAt", url], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void psql.kill("SIGKILL"));
  psql.stdin.write(`BEGIN; LOCK TABLE ${table}; SELECT 'held';\n`);
  await once(psql.stdout, "data");
  return {
    /** Until another waits for the table. */
    waitedFor: async () => {
      for (;;) {
        psql.stdin.write("SELECT count(*) FROM pg_locks WHERE NOT granted;\n");
        const [found] = await once(psql.stdout, "data");
        if (Number(String(found).trim()) > 0) return;
      }
    },
    letGo: async () => {
      psql.stdin.end();
      if (psql.exitCode === null && psql.signalCode === null) await once(psql, "exit");
    },
  };
};

const open = (url: string) => layerPostgres(Redacted.make(url), { patience: "2 seconds" });

/** On a new database with an experiment in it. */
const promise = (
  what: string,
  body: (url: string) => Effect.Effect<void, unknown, Store>,
  options: { readonly timeout?: number } = {},
) =>
  it.live(
    what,
    () =>
      Effect.gen(function* () {
        const url = yield* Effect.promise(async () => (await postgresServer()).newDatabase());
        yield* Effect.gen(function* () {
          const store = yield* Store;
          yield* store.transaction(store.putExperiment(experiment));
          yield* body(url);
        }).pipe(Effect.provide(open(url)));
      }),
    options,
  );

describe.skipIf(isMissing)("a Postgres that", () => {
  promise("stands still is waited for no longer than for a time, and goes on when it does", () =>
    Effect.gen(function* () {
      const store = yield* Store;
      const postgres = yield* Effect.promise(() => postgresServer());
      postgres.freeze();
      // More than there are connections.
      const writes = Effect.all(
        Array.from({ length: 24 }, () => reasonOf(ingest)),
        { concurrency: "unbounded" },
      );
      const transaction = reasonOf(store.transaction(store.touchExperiment("e", 1)));
      const reasons = yield* Effect.ensuring(
        Effect.all([writes, transaction, reasonOf(store.experiment("e"))], {
          concurrency: "unbounded",
        }),
        Effect.sync(postgres.thaw),
      );
      assert.deepStrictEqual(new Set(reasons.flat()), new Set(["unavailable"]));
      assert.oneOf((yield* Effect.retry(ingest, { times: 20 }))._tag, ["Ingested", "Answered"]);
      assert.deepStrictEqual(yield* kept, [count, true]);
    }),
  );

  promise("stands still ends a series that is read, too", () =>
    Effect.gen(function* () {
      const store = yield* Store;
      const postgres = yield* Effect.promise(() => postgresServer());
      yield* ingest;
      const [series] = yield* store.series("e", undefined);
      postgres.freeze();
      const reasons = yield* Effect.ensuring(
        Effect.all(
          [
            reasonOf(Stream.runDrain(store.points(series!, "step", "asc"))),
            reasonOf(Stream.runDrain(store.points(series!, "timestamp", "desc"))),
            reasonOf(store.sample(series!, { axis: "step", points: 10 })),
          ],
          { concurrency: "unbounded" },
        ),
        Effect.sync(postgres.thaw),
      );
      assert.deepStrictEqual(reasons, ["unavailable", "unavailable", "unavailable"]);
    }),
  );

  for (const [how, table] of [
    ["before its points are written", "points"],
    ["after they are", "experiments"],
  ] as const) {
    promise(`stands still in the middle of a batch, ${how}, has none of it or all of it`, (url) =>
      Effect.gen(function* () {
        const postgres = yield* Effect.promise(() => postgresServer());
        // Its row is read at first, and written at the end.
        const mode = table === "experiments" ? "experiments IN SHARE MODE" : table;
        const holder = yield* Effect.promise(() => hold(url, mode));
        const batch = yield* Effect.forkChild(reasonOf(ingest));
        yield* Effect.promise(holder.waitedFor);
        postgres.freeze();
        const reason = yield* Effect.ensuring(Fiber.join(batch), Effect.sync(postgres.thaw));
        assert.strictEqual(reason, "unavailable");
        yield* Effect.promise(holder.letGo);
        const [events, hasAnswer] = yield* Effect.retry(kept, { times: 20 });
        assert.include([0, count], events);
        assert.strictEqual(hasAnswer, events === count);
        yield* Effect.retry(ingest, { times: 20 });
        assert.deepStrictEqual(yield* kept, [count, true]);
      }),
    );

    promise(`goes away in the middle of a batch, ${how}, has nothing of it`, (url) =>
      Effect.gen(function* () {
        const postgres = yield* Effect.promise(() => postgresServer());
        const mode = table === "experiments" ? "experiments IN SHARE MODE" : table;
        const holder = yield* Effect.promise(() => hold(url, mode));
        const batch = yield* Effect.forkChild(reasonOf(ingest));
        yield* Effect.promise(holder.waitedFor);
        yield* Effect.promise(postgres.stop);
        const reason = yield* Effect.ensuring(Fiber.join(batch), Effect.promise(postgres.start));
        assert.strictEqual(reason, "unavailable");
        assert.deepStrictEqual(yield* Effect.retry(kept, { times: 20 }), [0, false]);
        assert.strictEqual((yield* ingest)._tag, "Ingested");
        assert.deepStrictEqual(yield* kept, [count, true]);
      }),
    );
  }
});

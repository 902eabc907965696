/** How a run ended is said by evidence about that run: a newer one of its experiment counts. */
import { assert, describe, it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as Collector from "../../src/Collector.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Faults from "../../src/testing/Faults.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import { isStatus, operation } from "../support/api.ts";
import { temporaryDirectory } from "../support/processes.ts";
import { collecting, stored, withDirectory } from "../support/recording.ts";

const manually = { recoverOnStart: false };

const experiment = Effect.map(
  Experiments.list({ slug: "again" }),
  ({ experiments }) => experiments[0]!.id,
).pipe(
  Effect.flatMap((id) => Experiments.get(id)),
  Effect.map(({ experiment }) => experiment),
);
const status = Effect.map(experiment, ({ errorName, status }) => errorName ?? status);

/** What a run leaves that is killed after it has recorded a step. */
const killed = (into: string, step: number) =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    const scope = yield* Scope.make();
    yield* Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "again" });
      const ready = yield* Deferred.make<void>();
      yield* recorder
        .run(
          Effect.gen(function* () {
            yield* recorder.metric("loss", 1, { step });
            yield* Deferred.succeed(ready, undefined);
            yield* Effect.never;
          }),
        )
        .pipe(Effect.forkIn(scope));
      yield* Deferred.await(ready);
      yield* recorder.flush;
      cpSync(directory, into, { recursive: true });
    }).pipe(Scope.provide(scope), Effect.provide(collecting(directory, manually)));
    // Whatever the real process still says is not heard.
    yield* Faults.delay("1 hour", { times: Infinity });
    yield* Scope.close(scope, Exit.void);
    yield* Faults.clear;
  }).pipe(Effect.scoped);

const adopt = (directory: string) =>
  Effect.provide(Collector.recover, collecting(directory, manually));

/** A run of the experiment elsewhere. */
const run = <A, E, R>(use: (recorder: Collector.Recorder) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory;
    return yield* Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "again" });
      return yield* recorder.run(Effect.andThen(recorder.flush, use(recorder)));
    }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually)));
  }).pipe(Effect.scoped);

describe("a run that was killed", () => {
  it.live("is said to have been, when there was no other", () =>
    withDirectory((left) =>
      Effect.gen(function* () {
        yield* killed(left, 1);
        assert.strictEqual(yield* status, "running");
        yield* adopt(left);
        assert.strictEqual(yield* status, "Killed");
        assert.deepStrictEqual(readdirSync(left), []);
      }),
    ),
  );

  it.live("does not mark the next one as failed that came to its end", () =>
    withDirectory((left) =>
      Effect.gen(function* () {
        yield* killed(left, 1);
        yield* run(() => Effect.void);
        assert.strictEqual(yield* status, "done");
        yield* adopt(left);
        assert.strictEqual(yield* status, "done");
        assert.deepStrictEqual(readdirSync(left), []);
      }),
    ),
  );

  it.live("nor one that is under way", () =>
    withDirectory((left) =>
      Effect.gen(function* () {
        yield* killed(left, 1);
        yield* run(() =>
          Effect.gen(function* () {
            yield* adopt(left);
            assert.strictEqual(yield* status, "running");
          }),
        );
        assert.strictEqual(yield* status, "done");
      }),
    ),
  );

  it.live("nor when it had told the service nothing before the next one began", () =>
    withDirectory((left) =>
      Effect.gen(function* () {
        yield* Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "again" });
          yield* Faults.status(503, { times: Infinity });
          yield* recorder.run(recorder.metric("loss", 1, { step: 1 }));
        }).pipe(Effect.scoped, Effect.provide(collecting(left, manually)));
        yield* Faults.clear;
        yield* run(() => Effect.fail("no")).pipe(Effect.ignore);
        assert.strictEqual(yield* status, "Error");
        const recovery = yield* adopt(left);
        assert.deepInclude(recovery, { delivered: 1, remaining: 0 });
        assert.strictEqual(yield* status, "Error");
      }),
    ),
  );

  it.live("is said once of an experiment, however often that was", () =>
    withDirectory((left) =>
      Effect.gen(function* () {
        for (let life = 1; life <= 5; life++) yield* killed(left, life);
        // All of them are known as gone.
        for (const name of readdirSync(left)) {
          if (name.endsWith(".lease")) rmSync(join(left, name));
        }
        const server = yield* MetricsServer.MetricsServer;
        const before = (yield* server.requests).length;
        const recovery = yield* adopt(left);
        assert.deepInclude(recovery, { remaining: 0 });
        const requests = (yield* server.requests).slice(before);
        const told = requests.filter(isStatus).map(({ operation }) => operation);
        assert.deepStrictEqual(told, [operation.fail]);
        assert.strictEqual(yield* status, "Killed");
        assert.lengthOf(yield* stored((yield* experiment).id), 5);
        assert.deepStrictEqual(readdirSync(left), []);
      }),
    ),
  );

  it.live("and of which the service will not hear is not told of for ever", () =>
    withDirectory((left) =>
      Effect.gen(function* () {
        yield* killed(left, 1);
        yield* Faults.status(422, { match: { operation: operation.fail } });
        yield* adopt(left);
        assert.deepStrictEqual(readdirSync(left), []);
      }),
    ),
  );
});

it.live("an old run that is stopped does not end the new one", () =>
  withDirectory(() =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>();
      const old = yield* Effect.forkChild(
        run(() => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)),
      );
      yield* Deferred.await(begun);
      yield* run(() =>
        Effect.gen(function* () {
          yield* Fiber.interrupt(old);
          assert.strictEqual(yield* status, "running");
        }),
      );
      assert.strictEqual(yield* status, "done");
    }),
  ),
);

/** The token of a run: renewed in time and when it is refused, once for all who wait, and revoked at the end. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Logger from "effect/Logger";
import * as Redacted from "effect/Redacted";
import * as Scope from "effect/Scope";
import { TestClock } from "effect/testing";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";
import * as Folders from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";

/** How long a token lasts. */
const day = 24 * 3_600_000;

const world = MetricsServer.layerClient({ retry: RequestPolicy.noRetry });

/** The calls in their order, each under the key or the how-manieth token. */
const sent = Effect.gen(function* () {
  const { apiKey } = yield* MetricsServer.MetricsServer;
  const tokens: Array<string> = [];
  return (yield* Faults.requests).map(({ headers, operation }) => {
    const bearer = (headers["authorization"] ?? "").replace("Bearer ", "");
    if (bearer === Redacted.value(apiKey)) return `${operation} key`;
    if (!tokens.includes(bearer)) tokens.push(bearer);
    return `${operation} token-${tokens.indexOf(bearer) + 1}`;
  });
});

/** Three calls, of which all wait for the token. */
const threeAtOnce = (run: Runs.Run) =>
  Effect.gen(function* () {
    yield* Faults.delay("1 second", { match: { operation: "Runs.refresh" } });
    const fiber = yield* Effect.forkChild(
      Effect.all(
        [run.start, run.annotate("a"), run.metrics([{ name: "loss", value: 1, step: 0 }])],
        {
          concurrency: "unbounded",
        },
      ),
    );
    yield* TestClock.adjust("1 second");
    yield* Fiber.join(fiber);
  });

it.effect("is renewed 5 minutes before it expires, once for all calls that wait for it", () =>
  Effect.gen(function* () {
    const run = yield* Runs.open({ slug: "run" });
    yield* TestClock.adjust(day - 5 * 60_000);
    yield* run.start;
    assert.deepStrictEqual(yield* sent, ["Runs.open key", "Runs.start token-1"]);
    yield* TestClock.adjust(1);
    yield* threeAtOnce(run);
    assert.deepStrictEqual((yield* sent).slice(2).toSorted(), [
      "Runs.annotate token-2",
      "Runs.metrics token-2",
      "Runs.refresh key",
      "Runs.start token-2",
    ]);
  }).pipe(Effect.scoped, Effect.provide(world)),
);

it.effect(
  "is renewed when it is refused, once for all calls, which are sent again under their ids",
  () =>
    Effect.gen(function* () {
      const run = yield* Runs.open({ slug: "run" });
      yield* Faults.expireToken();
      yield* threeAtOnce(run);
      const all = yield* Faults.requests;
      const of = (name: string) => all.filter(({ operation }) => operation === name);
      assert.strictEqual(of("Runs.refresh").length, 1);
      for (const name of ["Runs.start", "Runs.annotate", "Runs.metrics"]) {
        const [first, second, ...more] = of(name);
        assert.deepStrictEqual(first!.body, second!.body);
        assert.deepStrictEqual(more, []);
      }
    }).pipe(Effect.scoped, Effect.provide(world)),
);

it.effect("is renewed only once for a call: a second refusal is the failure of the call", () =>
  Effect.gen(function* () {
    const run = yield* Runs.open({ slug: "run" });
    yield* Faults.expireToken({ times: 2, match: { operation: "Runs.start" } });
    const error = yield* Effect.flip(run.start);
    assert.strictEqual(error.reason._tag, "Unauthorized");
    assert.deepStrictEqual(yield* sent, [
      "Runs.open key",
      "Runs.start token-1",
      "Runs.refresh key",
      "Runs.start token-2",
    ]);
  }).pipe(Effect.scoped, Effect.provide(world)),
);

it.effect("is not shared by who waits when it could not be renewed: each asks for itself", () =>
  Effect.gen(function* () {
    const run = yield* Runs.open({ slug: "run" });
    yield* TestClock.adjust(day - 60_000);
    yield* Faults.delay("1 hour", { match: { operation: "Runs.refresh" } });
    const fiber = yield* Effect.forkChild(
      Effect.all([Effect.exit(run.start), Effect.exit(run.done)], { concurrency: "unbounded" }),
    );
    yield* TestClock.adjust("10 seconds");
    const exits = yield* Fiber.join(fiber);
    assert.strictEqual(exits.filter(Exit.isFailure).length, 1);
  }).pipe(Effect.scoped, Effect.provide(world)),
);

it.effect("is revoked when the scope closes, once, and nothing is sent under it then", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make();
    const run = yield* Runs.open({ slug: "run" }).pipe(Scope.provide(scope));
    yield* Scope.close(scope, Exit.void);
    yield* Scope.close(scope, Exit.void);
    const expected = ["Runs.open key", "Runs.revoke token-1"];
    assert.deepStrictEqual(yield* sent, expected);
    for (const call of [
      run.start,
      run.annotate("a"),
      run.metrics([{ name: "a", value: 1, step: 0 }]),
    ]) {
      const error = yield* Effect.flip(Effect.asVoid(call));
      assert.strictEqual(error.reason._tag, "InvalidRequest");
    }
    assert.deepStrictEqual(yield* sent, expected);
  }).pipe(Effect.provide(world)),
);

it.effect("that cannot be revoked does not fail the scope, and the log says so", () =>
  Effect.gen(function* () {
    const said: Array<string> = [];
    const logs = Logger.layer([Logger.make(({ message }) => void said.push(String(message)))]);
    yield* Faults.status(422, { match: { operation: "Runs.revoke" } });
    yield* Effect.scoped(Runs.open({ slug: "run" })).pipe(Effect.provide(logs));
    assert.strictEqual(said.length, 1);
    assert.match(said[0]!, /^The token of experiment \S+ could not be revoked/);
    assert.notMatch(said[0]!, /et_|ak_/);
  }).pipe(Effect.provide(world)),
);

it.effect("is revoked when the opening is interrupted behind it", () =>
  Effect.gen(function* () {
    yield* Folders.make("/models");
    yield* Faults.delay("1 hour", { match: { operation: "Experiments.move" } });
    const fiber = yield* Effect.forkChild(
      Effect.scoped(Runs.open({ slug: "run", folder: "/models" })),
    );
    const isMoving = Effect.map(sent, (calls) => calls.includes("Experiments.move key"));
    yield* Effect.repeat(Effect.yieldNow, { until: () => isMoving });
    yield* Fiber.interrupt(fiber);
    assert.strictEqual((yield* sent).at(-1), "Runs.revoke token-1");
  }).pipe(Effect.provide(world)),
);

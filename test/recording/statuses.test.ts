/** What the service is told of a run. */
import { assert, describe, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Data from "effect/Data";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { TestClock } from "effect/testing";
import { cpSync, readdirSync } from "node:fs";
import * as Annotations from "../../src/Annotations.ts";
import * as Collector from "../../src/Collector.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Faults from "../../src/testing/Faults.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import type { LoggedRequest } from "../../src/testing/MetricsServer.ts";
import { isStatus, operation, over } from "../support/api.ts";
import { temporaryDirectory } from "../support/processes.ts";
import { collecting, inMemory, requestsOf, stored, withDirectory } from "../support/recording.ts";

interface Told {
  readonly status: string;
  readonly error?: { readonly name: string; readonly detail?: string };
  /** In v2 it is when the service heard of it. */
  readonly timestamp_ms?: number;
}

const updates = Effect.map(
  MetricsServer.MetricsServer.use((server) => server.requests),
  (requests) => requests.filter(isStatus),
);

const events: { readonly [event: string]: string } = {
  "syvain.v2.experiment.start": "running",
  "syvain.v2.experiment.done": "done",
  "syvain.v2.experiment.error": "error",
};

/** What a request told, in the words of v1. */
const toldBy = ({ body, events: [one] }: LoggedRequest): Told => {
  if (one === undefined) return body as Told;
  const { error: detail, meta } = one.data as {
    readonly error?: string;
    readonly meta?: { readonly error_type: string };
  };
  return {
    status: events[one.event] ?? one.event,
    ...(detail === undefined ? {} : { error: { name: meta!.error_type, detail } }),
  };
};

/** The same, with when it was where that is said. */
const at = (status: string, timestamp_ms: number): Told => ({
  status,
  ...over({ v1: { timestamp_ms }, v2: {} }),
});

/** What was told, in order. */
const told = Effect.map(updates, (requests) => requests.map(toldBy));

const run = (job: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug: "iris" });
    const exit = yield* Effect.exit(recorder.run(Effect.andThen(recorder.metric("a", 1), job)));
    yield* recorder.flush;
    return { exit, id: (yield* recorder.experiment).id };
  });

class OutOfMemory extends Data.TaggedError("OutOfMemory")<{ readonly message: string }> {}

const endings: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>, string, RegExp?]> =
  [
    ["returns", Effect.succeed(1), "done"],
    ["fails with a word", Effect.fail("no"), "Error", /^Error: no/],
    ["fails with an error", Effect.fail(new RangeError("far")), "RangeError", /^RangeError: far\n/],
    ["fails with a tag", new OutOfMemory({ message: "at 1200" }), "OutOfMemory", /at 1200/],
    ["dies", Effect.die(new TypeError("why")), "TypeError", /^TypeError: why\n/],
    ["is interrupted", Effect.interrupt, "Interrupted", /interrupted/],
    ["runs out of time", Effect.timeout(Effect.never, "1 second"), "TimeoutError", /timed out/i],
    ["fails with nothing", Effect.fail(undefined), "Error", /undefined/],
    ["fails with a long name", Effect.fail({ _tag: "n".repeat(501) }), "n".repeat(500), /./],
  ];

describe("a run", () => {
  for (const [how, job, name, detail] of endings) {
    it.effect(`that ${how} ends as it did, and the service is told so`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1000);
        const running = yield* Effect.forkChild(run(job));
        yield* TestClock.adjust("1 second");
        const { exit, id } = yield* Fiber.join(running);
        const [started, ended, ...more] = yield* told;
        assert.deepStrictEqual(started, at("running", 1000));
        assert.lengthOf(more, 0);
        const { experiment } = yield* Experiments.get(id);
        assert.lengthOf(yield* stored(id), 1);
        if (detail === undefined) {
          assert.isTrue(Exit.isSuccess(exit));
          assert.deepStrictEqual(ended, at("done", 1000));
          assert.strictEqual(experiment.status, "done");
        } else {
          assert.isTrue(Exit.isFailure(exit));
          assert.strictEqual(ended?.status, "error");
          assert.strictEqual(ended?.error?.name, name);
          assert.match(ended?.error?.detail ?? "", detail);
          assert.deepInclude(experiment, { status: "error", errorName: name });
        }
      }).pipe(Effect.provide(inMemory())),
    );
  }

  it.effect("is running though the one before it began later, by a clock that went back", () =>
    Effect.gen(function* () {
      const recorder = yield* Collector.experiment({ slug: "iris" });
      const { id } = yield* recorder.experiment;
      yield* TestClock.setTime(10_000);
      yield* recorder.run(recorder.flush);
      yield* TestClock.setTime(5000);
      yield* recorder.run(
        Effect.gen(function* () {
          yield* recorder.flush;
          assert.strictEqual((yield* Experiments.get(id)).experiment.status, "running");
        }),
      );
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("has a detail of at most 8,000 characters, and no half of one at the end", () =>
    Effect.gen(function* () {
      yield* run(Effect.fail("x".repeat(8000 - "Error: ".length - 1) + "\u{1f511}"));
      const detail = (yield* told).at(-1)?.error?.detail;
      assert.strictEqual(detail?.length, 7999);
      assert.isTrue(detail?.endsWith("x"));
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("ends as it did, though its error throws when it is looked at", () =>
    Effect.gen(function* () {
      const error = {
        get message(): string {
          throw new Error("no");
        },
      };
      const { exit } = yield* run(Effect.fail(error));
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) === error);
      const ended = (yield* told).at(-1);
      assert.deepInclude(ended, { status: "error" });
      assert.strictEqual(ended?.error?.name, "Error");
    }).pipe(Effect.provide(inMemory())),
  );

  it.effect("is running while it runs, and has ended after its last event", () =>
    Effect.gen(function* () {
      const ready = yield* Deferred.make<string>();
      const job = yield* Effect.forkChild(
        Effect.scoped(
          Effect.gen(function* () {
            const recorder = yield* Collector.experiment({ slug: "iris" });
            yield* recorder.run(
              Effect.gen(function* () {
                yield* Deferred.succeed(ready, (yield* recorder.experiment).id);
                yield* Effect.sleep("1 minute");
                yield* recorder.metric("loss", 1);
              }),
            );
          }),
        ),
      );
      const id = yield* Deferred.await(ready);
      yield* TestClock.adjust("30 seconds");
      assert.strictEqual((yield* Experiments.get(id)).experiment.status, "running");
      yield* TestClock.adjust("30 seconds");
      yield* Fiber.join(job);
      assert.deepStrictEqual((yield* told).at(-1), at("done", 60_000));
      assert.lengthOf(yield* stored(id), 1);
    }).pipe(Effect.provide(inMemory())),
  );
});

const manually = { recoverOnStart: false };
/** In v2 it is the id of the message. */
const keyOf = ({ events, headers }: LoggedRequest): unknown =>
  events[0]?.messageId ?? headers["idempotency-key"];

/** The service acts, and the answer is lost: of anything, or of what v2 would count twice. */
const answersAreLost = over({
  v1: Faults.dropAfter({ times: Infinity }),
  v2: Effect.forEach(["Runs.annotate", "Runs.start", "Runs.done"] as const, (operation) =>
    Faults.dropAfter({ times: Infinity, match: { operation } }),
  ),
});

describe("what a later process sends again", () => {
  it.live("is the same request: an annotation is there once, a status has the time it had", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const id = yield* Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "iris" });
          yield* recorder.metric("loss", 1, { step: 1 });
          yield* recorder.flush;
          yield* answersAreLost;
          yield* recorder.run(recorder.annotation("halved", { metadata: { at: 3 } }));
          return (yield* recorder.experiment).id;
        }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually)));
        yield* Faults.clear;
        const recovery = yield* Effect.provide(Collector.recover, collecting(directory, manually));
        assert.deepInclude(recovery, { delivered: 1, remaining: 0 });

        const { annotations } = yield* Annotations.list(id);
        assert.deepStrictEqual(
          annotations.map(({ annotation, metadata }) => [annotation, metadata]),
          [["halved", { at: 3 }]],
        );
        const repeated = [yield* requestsOf(operation.annotate), yield* updates];
        for (const requests of over({ v1: repeated, v2: [] })) assert.isAbove(requests.length, 1);
        // Where a second one would count, the service is asked whether the first one has come.
        const once = over({ v1: [], v2: ["Runs.annotate", "Runs.start", "Runs.done"] } as const);
        for (const operation of once) assert.lengthOf(yield* requestsOf(operation), 1);
        for (const requests of repeated) {
          // A key for each body, and a body for each key.
          const pairs = requests.map((one) => `${keyOf(one)} ${JSON.stringify(one.body)}`);
          const keys = new Set(requests.map(keyOf));
          const bodies = new Set(requests.map(({ body }) => JSON.stringify(body)));
          assert.strictEqual(new Set(pairs).size, bodies.size);
          assert.strictEqual(keys.size, bodies.size);
        }
        assert.strictEqual((yield* Experiments.get(id)).experiment.status, "done");
      }),
    ),
  );

  it.live("is that a run was killed, once and for all", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const copy = yield* temporaryDirectory;
        const recorder = yield* Collector.experiment({ slug: "iris" });
        yield* recorder.run(
          Effect.gen(function* () {
            yield* recorder.metric("loss", 1, { step: 1 });
            yield* recorder.flush;
            // As SIGKILL leaves it.
            cpSync(directory, copy, { recursive: true });
            const before = (yield* updates).length;
            const recover = Effect.provide(Collector.recover, collecting(copy, manually));
            yield* Faults.status(503, { match: { operation: operation.fail } });
            yield* recover;
            yield* recover;
            const requests = (yield* updates).slice(before);
            assert.lengthOf(requests, 2);
            assert.lengthOf(new Set(requests.map(keyOf)), 1);
            assert.deepStrictEqual(requests[0]?.body, requests[1]?.body);
            assert.deepInclude(toldBy(requests[0]!), {
              status: "error",
              error: {
                name: "Killed",
                detail: `${over({ v1: "", v2: "Killed: " })}The process ended before the run did.`,
              },
            });
            const { experiment } = yield* Experiments.get((yield* recorder.experiment).id);
            assert.deepInclude(experiment, { status: "error", errorName: "Killed" });
            assert.deepStrictEqual(readdirSync(copy), []);
          }),
        );
      }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually))),
    ),
  );
});

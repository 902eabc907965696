/** A job starts without the service: what it records is kept under its slug, and its experiment is opened when the service is there. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as References from "effect/References";
import { readdirSync } from "node:fs";
import * as Collector from "../../src/Collector.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { operation, over } from "../support/api.ts";
import { listening } from "../support/logs.ts";
import { collecting, inMemory, requestsOf, stored, withDirectory } from "../support/recording.ts";

const manually = { recoverOnStart: false };

const ofSlug = (slug: string) =>
  Effect.flatMap(Experiments.list({ slug }), ({ experiments }) =>
    experiments[0] === undefined
      ? Effect.undefined
      : Effect.map(Experiments.get(experiments[0].id), ({ experiment }) => experiment),
  );

const down: ReadonlyArray<readonly [string, typeof Faults.clear]> = [
  ["that cannot be reached", Faults.dropBefore({ times: Infinity })],
  ["that is down", Faults.status(503, { times: Infinity })],
  [
    "behind a page of somebody else",
    Faults.garbage({
      times: Infinity,
      body: "<html>Please sign in</html>",
      contentType: "text/html",
    }),
  ],
];

const job = (recorder: Collector.Recorder) =>
  recorder.run(
    Effect.gen(function* () {
      for (let step = 0; step < 10; step++) yield* recorder.metric("loss", 1, { step });
      yield* recorder.annotation("half way");
    }),
  );

describe("a job with a spool in files", () => {
  for (const [what, fault] of down) {
    it.live(`starts with a service ${what}, and a later process sends all of it`, () =>
      withDirectory((directory) =>
        Effect.gen(function* () {
          const { folder } = yield* Folders.create({ name: "models" });
          yield* fault;
          yield* Effect.gen(function* () {
            const recorder = yield* Collector.experiment({
              slug: "iris",
              description: "far from home",
              metadata: { lr: 0.1 },
              folderPath: "/models",
            });
            assert.strictEqual(recorder.slug, "iris");
            yield* job(recorder);
          }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually)));
          yield* Faults.clear;
          assert.isUndefined(yield* ofSlug("iris"));

          const recovery = yield* Effect.provide(
            Collector.recover,
            collecting(directory, manually),
          );
          assert.deepInclude(recovery, { delivered: 11, remaining: 0 });
          const experiment = yield* ofSlug("iris");
          assert.deepInclude(experiment, {
            status: "done",
            description: "far from home",
            metadata: { lr: 0.1 },
          });
          assert.strictEqual(experiment?.folder?.folderId, folder.folderId);
          assert.lengthOf(yield* stored(experiment!.id), 10);
          assert.deepStrictEqual(readdirSync(directory), []);
        }),
      ),
    );
  }

  it.live(
    "sends all of it itself when the service comes back, and knows its experiment then",
    () => {
      const { layer, said } = listening();
      return withDirectory((directory) =>
        Effect.gen(function* () {
          yield* Faults.status(503, { times: Infinity });
          const recorder = yield* Collector.experiment({ slug: "iris" });
          yield* job(recorder);
          const error = yield* Effect.flip(recorder.experiment);
          assert(error._tag === "MetricsApiRequestError");
          assert.strictEqual(error.reason._tag, "ServerStatus");
          assert.deepInclude(yield* Effect.flip(recorder.flushOrFail), { pending: 11 });
          yield* Faults.clear;
          const before = (yield* requestsOf(operation.open)).length;
          yield* recorder.flush;
          yield* recorder.flushOrFail;
          assert.deepStrictEqual((yield* recorder.experiment).id, (yield* ofSlug("iris"))?.id);
          assert.strictEqual((yield* ofSlug("iris"))?.status, "done");
          assert.lengthOf((yield* requestsOf(operation.open)).slice(before), 1);
          assert.match(
            said[0]!,
            /^iris cannot be opened yet: .*503.* It is recorded, and sent when it can be\.$/,
          );
        }).pipe(
          Effect.scoped,
          Effect.provide(collecting(directory, manually)),
          Effect.provide(layer),
          Effect.provideService(References.MinimumLogLevel, "Warn"),
        ),
      );
    },
  );

  it.live("waits five seconds for a service that does not answer", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        yield* Faults.delay("1 hour", { times: Infinity });
        const from = Date.now();
        const recorder = yield* Collector.experiment({ slug: "iris" });
        assert.isBelow(Date.now() - from, 10_000);
        yield* recorder.metric("loss", 1, { step: 1 });
        yield* Faults.clear;
        yield* recorder.flush;
        assert.lengthOf(yield* stored((yield* recorder.experiment).id), 1);
      }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually))),
    ),
  );

  it.live("is not said to have begun, or ended, where a newer run did meanwhile", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        yield* Faults.status(503, { times: Infinity });
        yield* Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "iris" });
          yield* Effect.exit(recorder.run(Effect.andThen(recorder.metric("a", 1), Effect.fail(1))));
        }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually)));
        yield* Faults.clear;
        yield* Effect.gen(function* () {
          const recorder = yield* Collector.experiment({ slug: "iris" });
          yield* recorder.run(Effect.void);
          yield* recorder.flush;
        }).pipe(Effect.scoped, Effect.provide(collecting(`${directory}-2`, manually)));
        yield* Effect.provide(Collector.recover, collecting(directory, manually));
        assert.strictEqual((yield* ofSlug("iris"))?.status, "done");
        assert.lengthOf(yield* stored((yield* ofSlug("iris"))!.id), 1);
      }),
    ),
  );

  const onTheWay = over({
    v1: ["Experiments.create", "IngestionKeys.create"],
    v2: ["Runs.open", "Experiments.get"],
  } as const);
  for (const operation of onTheWay) {
    it.live(`loses no event when ${operation} is refused on the way`, () =>
      withDirectory((directory) =>
        Effect.gen(function* () {
          yield* Faults.status(503, { times: Infinity });
          const recorder = yield* Collector.experiment({ slug: "iris" });
          yield* recorder.metric("loss", 1, { step: 1 });
          yield* Faults.clear;
          yield* Faults.status(422, { times: Infinity, match: { operation } });
          const error = yield* Effect.flip(recorder.flushOrFail);
          assert.deepInclude(error, { pending: 1, refused: 0 });
          yield* Faults.clear;
          yield* recorder.flush;
          assert.deepInclude(yield* recorder.summary, { delivered: 1, refused: 0 });
        }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually))),
      ),
    );
  }

  const failing: ReadonlyArray<
    readonly [string, Collector.ExperimentInput, typeof Faults.clear, string]
  > = [
    [
      "input that is wrong",
      { slug: "", folderPath: "/models" },
      Faults.status(503),
      "InvalidRequest",
    ],
    ["a key that is wrong", { slug: "iris" }, Faults.status(401), "Unauthorized"],
    ["what the service refuses", { slug: "iris" }, Faults.status(422), "Unprocessable"],
  ];
  for (const [what, input, fault, reason] of failing) {
    it.live(`does not start with ${what}`, () =>
      withDirectory((directory) =>
        Effect.gen(function* () {
          yield* fault;
          const error = yield* Effect.flip(Collector.experiment(input));
          assert(error._tag === "MetricsApiRequestError");
          assert.strictEqual(error.reason._tag, reason);
        }).pipe(Effect.scoped, Effect.provide(collecting(directory, manually))),
      ),
    );
  }

  it.live('does not start without the service where offline is "fail"', () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        yield* Faults.status(503);
        const error = yield* Effect.flip(Collector.experiment({ slug: "iris" }));
        assert(error._tag === "MetricsApiRequestError");
        assert.strictEqual(error.reason._tag, "ServerStatus");
      }).pipe(
        Effect.scoped,
        Effect.provide(collecting(directory, { ...manually, offline: "fail" })),
      ),
    ),
  );
});

it.live("a job with a spool in memory does not start without the service", () =>
  Effect.gen(function* () {
    yield* Faults.status(503, { times: Infinity });
    const error = yield* Effect.flip(Collector.experiment({ slug: "iris" }));
    assert(error._tag === "MetricsApiRequestError");
  }).pipe(Effect.scoped, Effect.provide(inMemory())),
);

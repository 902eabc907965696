/** What the service's own collector of v2 sends, as recorded from it, job by job: our recorder sends the same. */
import { assert, it } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { TestClock } from "effect/testing";
import { readFileSync } from "node:fs";
import * as Collector from "../../src/Collector.ts";
import * as Spool from "../../src/Spool.ts";
import * as Faults from "../../src/testing/Faults.ts";
import * as MetricsServer from "../../src/testing/MetricsServer.ts";
import * as Folders from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";
import { type Envelope, shortName } from "../support/v2.ts";

/** One event on its way. */
interface Said {
  readonly path: string;
  readonly accept: string;
  /** The API key, or the token of the experiment. */
  readonly under: "key" | "token";
  readonly event: string;
  readonly data: unknown;
}

interface Recorded {
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: ReadonlyArray<Envelope> | null;
}

const file = new URL("../fixtures/collector-0.0.352.json", import.meta.url);
const recorded: {
  readonly scenarios: {
    readonly [name: string]: { readonly requests: ReadonlyArray<Recorded> };
  };
} = JSON.parse(readFileSync(file, "utf8"));

/** Whatever an id or a token is, and what the clock says. */
const withoutIds = (text: string): string =>
  text
    .replace(/\/experiments\/[^/]+\//, "/experiments/…/")
    .replace(/"experimentId":"[^"]+"/, '"experimentId":"…"')
    .replace(/"experimentToken":"[^"]+"/, '"experimentToken":"…"')
    .replace(/"toFolderId":"[^"]+"/, '"toFolderId":"…"')
    .replace(/"timestampMs":("<now ms>"|9\d{8})/, '"timestampMs":"now"');

/** In their order, whatever requests they were in. */
const saidBy = (requests: ReadonlyArray<Recorded>): ReadonlyArray<Said> =>
  requests.flatMap(({ body, headers, path }) =>
    (body ?? []).map(({ data, event }): Said => ({
      path: withoutIds(path),
      accept: headers["accept"] ?? "",
      under: /^Bearer (<api key>|ak_)/.test(headers["authorization"] ?? "") ? "key" : "token",
      event: shortName(event),
      data: JSON.parse(withoutIds(JSON.stringify(data))),
    })),
  );

// -----------------------------------------------------------------------------
// Differences
// -----------------------------------------------------------------------------

const isAbout = (event: string, data: object) => (said: Said) =>
  said.event === event &&
  Object.entries(data).every(([name, value]) => Reflect.get(Object(said.data), name) === value);

/** All that differs on purpose: what they say and we do not, and the other way round. */
const differences = {
  "they annotate that an experiment was opened; an annotation is the user's own": {
    theirs: isAbout("experiment.annotate", { annotation: "experiment opened" }),
    ours: () => false,
  },
  "we look where an experiment stands when it is opened, and before we say where it stands": {
    theirs: () => false,
    ours: isAbout("query.experiment", {}),
  },
  // And of what is not compared here: they look first whether the key is good, which opening the experiment tells us;
  // they send up to 500 events of any kind in a request, and we up to 1,000 metrics, or one other event; and the ids
  // of messages are drawn by them, and made from the events by us.
};

const without = (side: "theirs" | "ours", said: ReadonlyArray<Said>): ReadonlyArray<Said> =>
  said.filter((one) => !Object.values(differences).some((known) => known[side](one)));

// -----------------------------------------------------------------------------
// Jobs
// -----------------------------------------------------------------------------

const slug = "col-run é";
const input = { slug, description: "desc", metadata: { lr: 0.1, n: { l: [1, null] } } };
const inFolder = Effect.as(Folders.make("/models"), { ...input, folderPath: "/models" });
const start = 1_700_000_000_000;

const train = (recorder: Collector.Recorder) =>
  Effect.gen(function* () {
    for (let step = 0; step < 3; step++) {
      const timestamp = DateTime.makeUnsafe(start + step * 1000);
      yield* recorder.metric("loss", 1 / (step + 1), {
        step,
        metadata: { split: "train" },
        timestamp,
      });
    }
    yield* recorder.metric("acc", 1, { step: 3 });
    yield* recorder.annotation("checkpoint é", { step: 2, metadata: { path: "x" } });
    yield* recorder.annotation("plain");
  });

// Without places in it a stack is what the collector tells.
const boom = Object.assign(new Error("boom é"), {
  name: "ValueError",
  stack: "ValueError: boom é",
});

const done = (recorder: Collector.Recorder) => recorder.run(train(recorder));

const jobs: {
  readonly [scenario: string]: {
    readonly input: Effect.Effect<
      Collector.ExperimentInput,
      unknown,
      Layer.Success<ReturnType<typeof MetricsServer.layerClient>>
    >;
    readonly work: (recorder: Collector.Recorder) => Effect.Effect<void, unknown>;
  };
} = {
  done: { input: inFolder, work: done },
  "default-folder": { input: inFolder, work: done },
  error: {
    input: Effect.succeed(input),
    work: (recorder) =>
      Effect.ignore(recorder.run(Effect.andThen(train(recorder), Effect.fail(boom)))),
  },
  "open-only": { input: Effect.succeed(input), work: () => Effect.void },
  "metrics-no-run": {
    input: Effect.succeed(input),
    work: (recorder) => recorder.metric("loss", 0.5, { step: 0 }),
  },
  reopen: {
    input: Effect.gen(function* () {
      yield* Folders.make("/elsewhere");
      yield* Effect.scoped(Runs.open({ slug, folder: "/elsewhere" }));
      return yield* inFolder;
    }),
    work: done,
  },
  "token-near-expiry": {
    input: inFolder,
    work: (recorder) => Effect.andThen(TestClock.adjust("1436 minutes"), done(recorder)),
  },
};

const live = Collector.layer({ api: "v2" }).pipe(
  Layer.provide(Spool.layerMemory()),
  Layer.provideMerge(MetricsServer.layerClient({ apiKey: "ak_test" })),
);

for (const [scenario, { input, work }] of Object.entries(jobs)) {
  it.effect(`${scenario}: the same events, in the same order`, () =>
    Effect.gen(function* () {
      // Ten days in, so that this time can be told from others.
      yield* TestClock.setTime(900_000_000);
      const what = yield* input;
      const before = (yield* Faults.requests).length;
      yield* Effect.scoped(Effect.flatMap(Collector.experiment(what), work));
      const requests = (yield* Faults.requests).slice(before) as ReadonlyArray<Recorded>;
      const ours = saidBy(requests);
      const theirs = saidBy(recorded.scenarios[scenario]!.requests);
      assert.deepStrictEqual(without("ours", ours), without("theirs", theirs));
      for (const [why, known] of Object.entries(differences)) {
        assert.isTrue(ours.some(known.ours) || theirs.some(known.theirs), `no longer: ${why}`);
      }
      const ids = requests.flatMap(({ body }) => body ?? []).map(({ messageId }) => messageId);
      assert.strictEqual(new Set(ids).size, ids.length);
      for (const id of ids) assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }).pipe(Effect.provide(live)),
  );
}

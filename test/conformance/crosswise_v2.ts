/**
 * Our v2 client. `crosswise_v2.ts read` reads what `crosswise_v2.py collector` recorded; `crosswise_v2.ts write` does
 * what the documentation of the service's own client shows, with all that can be read back, and leaves a run for the
 * others to read, and one more by our recorder. It runs on the built package, by its own name. The last line that it prints is a summary in JSON, as
 * that of the Python scripts is.
 */
import * as Cause from "effect/Cause";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import { deepStrictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Collector, Spool } from "syvain-metrics-effect";
import {
  Auth,
  Events,
  Experiments,
  Folders,
  Runs,
  Series,
  SyvainMetrics,
} from "syvain-metrics-effect/v2";
import type { Check, Summary } from "../../scripts/conformance.ts";

interface Written {
  readonly folder: string;
  readonly slug: string;
  readonly description: string;
  readonly meta: Runs.Metadata;
  readonly points: ReadonlyArray<{
    readonly name: string;
    readonly value: number;
    readonly step: number;
    readonly metadata: { readonly [key: string]: string };
    readonly timestampMs: number;
  }>;
  readonly annotations: ReadonlyArray<{
    readonly annotation: string;
    readonly meta: Runs.Metadata;
  }>;
  readonly error: { readonly message: string; readonly meta: Runs.Metadata };
}
const written: Written = JSON.parse(
  readFileSync(new URL("crosswise_v2.json", import.meta.url), "utf8"),
);

const checks: Array<Check> = [];

/** What the program of a check throws or fails with is why it does not hold. */
const check = <A, E, R>(call: string, what: string, program: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(program), (exit) => {
    const reason = Exit.isSuccess(exit) ? null : String(Cause.squash(exit.cause)).slice(0, 600);
    checks.push({ call, what, reason });
  });
const same = (actual: unknown, expected: unknown) =>
  Effect.sync(() => deepStrictEqual(actual, expected));

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

type Point = Written["points"][number];
const keyOf = ({ name, metadata, step }: Point) => JSON.stringify([name, metadata, step]);
const inOrder = (points: ReadonlyArray<Point>) =>
  points.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const pointsOf = ({ name, metadata, steps, timestampsMs, values }: Series.Series) =>
  steps.map((step, i): Point => ({
    name,
    value: values[i]!,
    step: step!,
    metadata,
    timestampMs: timestampsMs[i]!,
  }));

/** All of a run, whoever wrote it; `more` are the annotations that it has beside ours. */
const readRun = (slug: string, what: string, more: Written["annotations"] = []) =>
  Effect.gen(function* () {
    const { experiment: entry } = yield* Experiments.find(slug);
    const id = entry.experimentId;
    yield* check(
      "Experiments.get",
      what,
      Effect.gen(function* () {
        yield* same(entry.path, `/${written.folder}/${slug}`);
        const { experiment } = yield* Experiments.get(id);
        yield* same(
          [experiment.description, experiment.meta, experiment.status, experiment.error],
          [written.description, written.meta, "error", written.error],
        );
      }),
    );
    yield* check(
      "Series.read",
      what,
      Effect.gen(function* () {
        const all = yield* Series.read(id);
        yield* same(inOrder(all.flatMap(pointsOf)), inOrder(written.points));
      }),
    );
    yield* check(
      "Experiments.annotations",
      what,
      Effect.gen(function* () {
        const { annotations } = yield* Experiments.annotations(id);
        yield* same(
          annotations.map(({ annotation, meta }) => ({ annotation, meta })),
          [...written.annotations.toReversed(), ...more],
        );
      }),
    );
    return id;
  });

// -----------------------------------------------------------------------------
// Writing
// -----------------------------------------------------------------------------

const folder = `/${written.folder}`;
const slug = `${written.slug}-ours`;

/** What an event was refused for. */
const codeOf = <A, E extends { readonly _tag: string }, R>(program: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(program), (error) => ("code" in error ? error.code : error._tag));

const tree = Effect.gen(function* () {
  yield* check(
    "Auth.status",
    "whose key it is",
    Effect.flatMap(Auth.status, ({ auth, organization }) =>
      same([auth.kind, organization.name], ["api_key", "Reference"]),
    ),
  );
  yield* check(
    "Folders.make",
    "with all on the way to it, and twice the same",
    Effect.gen(function* () {
      const { folder: made } = yield* Folders.make("/ours é/models/mamba");
      yield* same([made.name, made.path], ["mamba", "/ours é/models/mamba"]);
      yield* same(yield* Folders.make("/ours é/models/mamba"), { folder: made });
    }),
  );
  yield* check(
    "Folders.move",
    "renamed, moved, and found by its new path",
    Effect.gen(function* () {
      const { folder: made } = yield* Folders.make("/ours é/models/mamba");
      yield* Folders.rename(made.folderId, "mamba 2");
      yield* Folders.move(made.folderId, { from: made.parentId, to: null });
      const { folders } = yield* Folders.tree;
      const found = folders.find(({ folderId }) => folderId === made.folderId);
      yield* same(found?.path, "/mamba 2");
    }),
  );
  yield* check(
    "Folders.create",
    "a name that is taken is refused, and says by which",
    Effect.gen(function* () {
      const { folder: made } = yield* Folders.make("/ours é");
      const error = yield* Effect.flip(Folders.create({ name: "ours é" }));
      if (error._tag !== "MetricsApiRequestError") return yield* Effect.fail(error);
      yield* same(
        [error.code, error.details],
        ["folder_already_exists", { folderId: made.folderId }],
      );
    }),
  );
});

const points: ReadonlyArray<Runs.MetricPoint> = written.points.map(({ timestampMs, ...point }) => ({
  ...point,
  timestamp: DateTime.makeUnsafe(timestampMs),
}));

const writeRun = Effect.gen(function* () {
  yield* Folders.make(folder);
  const { description, meta } = written;
  const run = yield* Runs.open({ slug, description, meta, folder });
  yield* run.start;
  const [first, ...others] = points;
  yield* check(
    "Runs.metrics",
    "an array and a stream, of which what is no number is told",
    Effect.gen(function* () {
      yield* run.metrics([first!]);
      const more = [...others.slice(0, 1), { ...first!, value: Number.NaN }, ...others.slice(1)];
      const { acknowledged, invalid } = yield* run.metrics(Stream.fromIterable(more), {
        onInvalid: "collect",
      });
      yield* same([acknowledged, invalid.map(({ index }) => index)], [others.length, [1]]);
    }),
  );
  yield* check(
    "Runs.metrics",
    "sent again under its id is there once",
    Effect.gen(function* () {
      const { experimentId, metrics } = yield* Runs.open({ slug: `${slug}-twice` });
      const point = { name: "loss", value: 1, step: 0, messageId: "loss/0" };
      yield* metrics([point, point]);
      yield* metrics([{ ...point, value: 2 }]);
      yield* same(
        (yield* Series.read(experimentId)).flatMap(({ values }) => [...values]),
        [1],
      );
    }),
  );
  for (const { annotation, meta } of written.annotations) {
    yield* run.annotate(annotation, { meta });
  }
  yield* run.done;
  const { message, meta: ofError } = written.error;
  yield* run.error(message, { meta: ofError });
}).pipe(Effect.scoped);

const recording = Collector.layer({ api: "v2" }).pipe(Layer.provide(Spool.layerMemory()));

const record = (slug: string) =>
  Effect.gen(function* () {
    const { description, meta: metadata } = written;
    const folderPath = folder;
    const recorder = yield* Collector.experiment({ slug, description, metadata, folderPath });
    const [name = "", message] = written.error.message.split(": ");
    // Without places in it the stack is what the collector tells.
    const error = Object.assign(new Error(message), { name, stack: written.error.message });
    const job = Effect.gen(function* () {
      for (const { metadata, name, step, timestampMs, value } of written.points) {
        const timestamp = DateTime.makeUnsafe(timestampMs);
        yield* recorder.metric(name, value, { step, metadata, timestamp });
      }
      for (const { annotation, meta: metadata } of written.annotations) {
        yield* recorder.annotation(annotation, { metadata });
      }
      return yield* Effect.fail(error);
    });
    yield* Effect.exit(recorder.run(job));
    yield* recorder.flushOrFail;
  }).pipe(Effect.scoped, Effect.provide(recording));

const lookAt = (id: string) =>
  Effect.gen(function* () {
    yield* check(
      "Experiments.list",
      "by a pattern",
      Effect.gen(function* () {
        const { experiments } = yield* Experiments.list(`${slug}*`);
        yield* same(experiments.map((one) => one.slug).toSorted(), [slug, `${slug}-twice`]);
      }),
    );
    yield* check(
      "Experiments.getMany",
      "with revisions, and what there is not",
      Effect.gen(function* () {
        const { experiments, missing } = yield* Experiments.getMany([id, "none"]);
        const { revisions } = yield* Experiments.revisions([id]);
        const [{ experimentRevision, seriesRevision }] = [experiments[0]!];
        yield* same(revisions, [{ experimentId: id, experimentRevision, seriesRevision }]);
        yield* same(missing, ["none"]);
      }),
    );
    yield* check(
      "Experiments.catalog",
      "names with keys and values",
      Effect.gen(function* () {
        const { series } = yield* Experiments.catalog(id);
        const keys = series.map(({ name, metadata }) => [
          name,
          metadata.map(({ key }) => key).toSorted(),
        ]);
        yield* same(keys.toSorted(), [
          ["acc", []],
          ["loss", ["split", "é"]],
        ]);
      }),
    );
    yield* check(
      "Series.read",
      "of one name, by metadata, by time",
      Effect.gen(function* () {
        const where = yield* Series.read(id, { names: ["loss"], where: { split: "val" } });
        yield* same(
          where.flatMap(pointsOf),
          written.points.filter(({ metadata }) => metadata["split"] === "val"),
        );
        const has = yield* Series.read(id, { has: ["é"], x: "timestamp" });
        yield* same(
          has.flatMap(pointsOf),
          written.points.filter(({ metadata }) => "é" in metadata),
        );
      }),
    );
    yield* check(
      "Experiments.move",
      "to the top and back; from where it is no more it is refused",
      Effect.gen(function* () {
        const { folderId } = (yield* Experiments.find(slug)).experiment;
        yield* Experiments.move(id, { from: folderId, to: null });
        const late = codeOf(Experiments.move(id, { from: folderId, to: null }));
        yield* same(yield* late, "experiment_folder_move_conflict");
        yield* Experiments.move(id, { from: null, to: folderId });
      }),
    );
    yield* check(
      "Experiments.get",
      "one that is not there is refused with a code",
      Effect.flatMap(codeOf(Experiments.get("none")), (code) => same(code, "experiment_not_found")),
    );
    yield* check(
      "Events.send",
      "an event that has no function",
      Effect.flatMap(Events.send("syvain.v2.query.experiment", { experimentId: id }), ({ event }) =>
        same(event, "syvain.v2.query.experiment.result"),
      ),
    );
  });

const write = Effect.gen(function* () {
  yield* tree;
  yield* check("Runs.open", "for the others to read", writeRun);
  yield* lookAt(yield* readRun(slug, "what it wrote itself"));
  const recorded = `${written.slug}-recorded`;
  yield* check("Recorder.run", "for the others to read", record(recorded));
  yield* readRun(recorded, "what our recorder recorded");
});

const read = readRun(written.slug, "what the collector recorded", [
  { annotation: "experiment opened", meta: {} },
]);

const main = (process.argv[2] === "write" ? write : read).pipe(
  Effect.provide(Layer.merge(SyvainMetrics.layerConfig, FetchHttpClient.layer)),
  Effect.catchCause((cause) =>
    Effect.sync(() => {
      const reason = String(Cause.squash(cause)).slice(0, 600);
      checks.push({ call: "crosswise_v2.ts", what: "went on to its end", reason });
    }),
  ),
);
await Effect.runPromise(main);

const calls: Summary["calls"] = {};
for (const { call, reason } of checks) {
  const count = (calls[call] ??= { made: 0, right: 0 });
  count.made++;
  if (reason === null) count.right++;
}
console.log(JSON.stringify({ client: "ours, v2", checks, calls } satisfies Summary));

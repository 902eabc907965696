/**
 * Reads with our client what `crosswise.py write` wrote with the Python ones, and writes it for `crosswise.py read`.
 * It runs on the built package, by its own name. The last line that it prints is a summary in JSON, as that of the
 * Python scripts is.
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
import * as Annotations from "syvain-metrics-effect/Annotations";
import * as Experiments from "syvain-metrics-effect/Experiments";
import * as Folders from "syvain-metrics-effect/Folders";
import * as Metrics from "syvain-metrics-effect/Metrics";
import * as SyvainMetrics from "syvain-metrics-effect/SyvainMetrics";
import type { Check, Summary } from "../../scripts/conformance.ts";

interface Written {
  readonly folder: string;
  readonly description: string;
  readonly metadata: Metrics.Metadata;
  readonly events: ReadonlyArray<{
    readonly client_event_id: string;
    readonly name: string;
    readonly value: number;
    readonly step: number | null;
    readonly metadata: Metrics.Metadata;
    readonly timestamp_ms: number;
  }>;
  readonly annotations: ReadonlyArray<{
    readonly annotation: string;
    readonly metadata: Metrics.Metadata;
  }>;
  readonly error: { readonly name: string; readonly detail: string };
}
const written: Written = JSON.parse(
  readFileSync(new URL("crosswise.json", import.meta.url), "utf8"),
);
const startedAt = 1_700_000_000_000;
const doneAt = 1_700_000_004_000;

const checks: Array<Check> = [];

/** What the program of a check throws or fails with is why it does not hold. */
const check = <E, R>(call: string, what: string, program: Effect.Effect<unknown, E, R>) =>
  Effect.map(Effect.exit(program), (exit) => {
    const reason = Exit.isSuccess(exit) ? null : String(Cause.squash(exit.cause)).slice(0, 600);
    checks.push({ call, what, reason });
  });
const same = (actual: unknown, expected: unknown) =>
  Effect.sync(() => deepStrictEqual(actual, expected));

const millis = (time: DateTime.Utc | null) => (time === null ? null : DateTime.toEpochMillis(time));

/** The points of batches, each with the metadata of its series, by step and time. */
const pointsOf = (batches: Effect.Success<ReturnType<typeof Metrics.querySeries>>) =>
  batches
    .flatMap(({ metadata, data }) =>
      data.value.map((value, index) => ({
        step: data.steps[index]!,
        timestamp_ms: data.timestamp[index]!,
        value,
        metadata,
      })),
    )
    .toSorted((a, b) => a.step! - b.step! || a.timestamp_ms - b.timestamp_ms);

const read = Effect.fnUntraced(function* (release: string, events: Written["events"]) {
  const { experiments } = yield* Experiments.list({ slug: `crosswise-python-${release}` });
  const { id } = experiments[0]!;
  const what = `what Python ${release} wrote`;
  const series = [{ experimentId: id, metricName: "loss" }];

  yield* check(
    "Experiments.get",
    what,
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.get(id);
      yield* same(
        [experiment.description, experiment.metadata, experiment.folder?.pathName],
        [written.description, written.metadata, `/${written.folder}`],
      );
      yield* same(
        [experiment.status, experiment.errorName, experiment.errorDetail],
        ["error", written.error.name, written.error.detail],
      );
      yield* same([millis(experiment.startedAt), millis(experiment.doneAt)], [startedAt, doneAt]);
    }),
  );
  yield* check(
    "Metrics.list",
    what,
    Effect.gen(function* () {
      const { rows } = yield* Metrics.list(id, { includeExperimentMetaAsOf: true });
      yield* same(
        rows.map((row) => [
          row.metricName,
          row.metricValue,
          row.step,
          row.metadata,
          row.clientTimestampMs,
          row.experimentMetadata,
        ]),
        events.map((event) => [
          event.name,
          event.value,
          event.step,
          event.metadata,
          event.timestamp_ms,
          written.metadata,
        ]),
      );
    }),
  );
  yield* check(
    "Metrics.compare",
    what,
    Effect.gen(function* () {
      const { rows } = yield* Metrics.compare(series);
      yield* same(rows.length, events.filter(({ name }) => name === "loss").length);
    }),
  );
  yield* check(
    "Metrics.listCatalog",
    what,
    Effect.gen(function* () {
      const { metrics } = yield* Metrics.listCatalog(id);
      yield* same(
        metrics.map(({ metricName }) => metricName).toSorted(),
        [...new Set(events.map(({ name }) => name))].toSorted(),
      );
    }),
  );
  const points = events
    .filter(({ name }) => name === "loss")
    .map(({ step, timestamp_ms, value, metadata }) => ({ step, timestamp_ms, value, metadata }));
  yield* check(
    "Metrics.querySeries",
    what,
    Effect.flatMap(Metrics.querySeries(series), (batches) => same(pointsOf(batches), points)),
  );
  yield* check(
    "Metrics.streamSeries",
    what,
    Effect.flatMap(Stream.runCollect(Metrics.streamSeries(series)), (batches) =>
      same(pointsOf(batches), points),
    ),
  );
  yield* check(
    "Annotations.list",
    what,
    Effect.gen(function* () {
      const { annotations } = yield* Annotations.list(id);
      yield* same(
        annotations.map(({ annotation, metadata }) => ({ annotation, metadata })),
        written.annotations.toReversed(),
      );
    }),
  );
});

const write = Effect.gen(function* () {
  const what = "for Python to read";
  const { folders } = yield* Folders.list({ path: `/${written.folder}` });
  const { experiment } = yield* Experiments.create({
    slug: "crosswise-effect",
    description: written.description,
    metadata: written.metadata,
    folderId: folders[0]!.folderId,
  });
  yield* check(
    "Metrics.ingest",
    what,
    Effect.gen(function* () {
      const answer = yield* Metrics.ingest(
        experiment.id,
        written.events.map((event) => ({
          clientEventId: event.client_event_id,
          name: event.name,
          value: event.value,
          step: event.step,
          metadata: event.metadata,
          timestamp: DateTime.makeUnsafe(event.timestamp_ms),
        })),
        { sync: true },
      );
      yield* same(answer, { ok: true, mode: "sync" });
    }),
  );
  yield* check(
    "Annotations.create",
    what,
    Effect.forEach(written.annotations, (annotation) =>
      // So that it is plain which is the newest.
      Effect.delay(Annotations.create(experiment.id, annotation), "5 millis"),
    ),
  );
  yield* check(
    "Experiments.updateStatus",
    what,
    Effect.andThen(
      Experiments.updateStatus(experiment.id, "running", {
        timestamp: DateTime.makeUnsafe(startedAt),
      }),
      Experiments.updateStatus(experiment.id, "error", {
        error: written.error,
        timestamp: DateTime.makeUnsafe(doneAt),
      }),
    ),
  );
});

await Effect.runPromise(
  Effect.gen(function* () {
    yield* read("0.0.62", written.events);
    yield* read(
      "0.0.349",
      written.events.filter(({ name }) => name === "loss"),
    );
    yield* write;
  }).pipe(
    Effect.provide(Layer.merge(SyvainMetrics.layerConfig, FetchHttpClient.layer)),
    Effect.catchCause((cause) =>
      Effect.sync(() => {
        checks.push({
          call: "crosswise.ts",
          what: "went on to its end",
          reason: String(Cause.squash(cause)).slice(0, 600),
        });
      }),
    ),
  ),
);

const calls: Summary["calls"] = {};
for (const { call, reason } of checks) {
  const count = (calls[call] ??= { made: 0, right: 0 });
  count.made += 1;
  count.right += reason === null ? 1 : 0;
}
console.log(JSON.stringify({ client: "ours", checks, calls } satisfies Summary));

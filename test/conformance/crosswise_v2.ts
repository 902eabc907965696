/**
 * Records over v2 what `crosswise_v2.py collector` recorded, for others to read, and reads both with our v2 client. It
 * runs on the built package, by its own name. The last line that it prints is a summary in JSON, as that of the Python
 * scripts is.
 */
import * as Cause from "effect/Cause";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import { deepStrictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Collector, Spool } from "syvain-metrics-effect";
import { Experiments, Folders, Series, SyvainMetrics } from "syvain-metrics-effect/v2";
import type { Check, Summary } from "../../scripts/conformance.ts";

interface Note {
  readonly annotation: string;
  readonly meta: Collector.AnnotationOptions["metadata"];
}

interface Written {
  readonly folder: string;
  readonly slug: string;
  readonly description: string;
  readonly meta: Collector.NewExperiment["metadata"];
  readonly points: ReadonlyArray<{
    readonly name: string;
    readonly value: number;
    readonly step: number;
    readonly metadata: { readonly [key: string]: string };
    readonly timestampMs: number;
  }>;
  readonly annotations: ReadonlyArray<Note>;
  readonly error: { readonly message: string; readonly meta: { readonly error_type: string } };
}
const written: Written = JSON.parse(
  readFileSync(new URL("crosswise_v2.json", import.meta.url), "utf8"),
);

const checks: Array<Check> = [];

/** What the program of a check throws or fails with is why it does not hold. */
const check = <E, R>(call: string, what: string, program: Effect.Effect<unknown, E, R>) =>
  Effect.map(Effect.exit(program), (exit) => {
    const reason = Exit.isSuccess(exit) ? null : String(Cause.squash(exit.cause)).slice(0, 600);
    checks.push({ call, what, reason });
  });
const same = (actual: unknown, expected: unknown) =>
  Effect.sync(() => deepStrictEqual(actual, expected));

type Point = Written["points"][number];
const keyOf = ({ name, metadata, step }: Point) => JSON.stringify([name, metadata, step]);
const inOrder = (points: ReadonlyArray<Point>) =>
  points.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const record = (slug: string) =>
  Effect.gen(function* () {
    const { description, meta: metadata } = written;
    const folderPath = `/${written.folder}`;
    yield* Folders.make(folderPath);
    const recorder = yield* Collector.experiment({ slug, description, metadata, folderPath });
    const { message: stack, meta } = written.error;
    const [name, message] = [meta.error_type, stack.slice(meta.error_type.length + ": ".length)];
    // Without places in it the stack is what the collector tells.
    const error = Object.assign(new Error(message), { name, stack });
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

const recording = Collector.layer({ api: "v2" }).pipe(Layer.provide(Spool.layerMemory()));

const readBack = (what: string, slug: string, notes: ReadonlyArray<Note>) =>
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
        const found = all.flatMap(({ name, metadata, steps, timestampsMs, values }) =>
          steps.map((step, i) => ({
            name,
            value: values[i]!,
            step: step!,
            metadata,
            timestampMs: timestampsMs[i]!,
          })),
        );
        yield* same(inOrder(found), inOrder(written.points));
      }),
    );
    yield* check(
      "Experiments.annotations",
      what,
      Effect.gen(function* () {
        const { annotations } = yield* Experiments.annotations(id);
        yield* same(
          annotations.map(({ annotation, meta }) => ({ annotation, meta })),
          notes,
        );
      }),
    );
  });

const program = Effect.gen(function* () {
  const ours = `${written.slug}-ours`;
  yield* check("Recorder.run", "for the others to read", record(ours));
  const notes = written.annotations.toReversed();
  // The collector writes one of itself.
  const opened = { annotation: "experiment opened", meta: {} };
  yield* readBack("what the collector recorded", written.slug, [...notes, opened]);
  yield* readBack("what our recorder recorded", ours, notes);
});

const main = program.pipe(
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

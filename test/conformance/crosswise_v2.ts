/**
 * Reads with our v2 client what `crosswise_v2.py collector` recorded. It runs on the built package, by its own name. The
 * last line that it prints is a summary in JSON, as that of the Python scripts is.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Layer from "effect/Layer";
import { deepStrictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Experiments, Series, SyvainMetrics } from "syvain-metrics-effect/v2";
import type { Check, Summary } from "../../scripts/conformance.ts";

interface Written {
  readonly folder: string;
  readonly slug: string;
  readonly description: string;
  readonly meta: unknown;
  readonly points: ReadonlyArray<{
    readonly name: string;
    readonly value: number;
    readonly step: number;
    readonly metadata: { readonly [key: string]: string };
    readonly timestampMs: number;
  }>;
  readonly annotations: ReadonlyArray<{ readonly annotation: string; readonly meta: unknown }>;
  readonly error: unknown;
}
const written: Written = JSON.parse(
  readFileSync(new URL("crosswise_v2.json", import.meta.url), "utf8"),
);

const checks: Array<Check> = [];

/** What the program of a check throws or fails with is why it does not hold. */
const check = <E, R>(call: string, program: Effect.Effect<unknown, E, R>) =>
  Effect.map(Effect.exit(program), (exit) => {
    const reason = Exit.isSuccess(exit) ? null : String(Cause.squash(exit.cause)).slice(0, 600);
    checks.push({ call, what: "what the collector recorded", reason });
  });
const same = (actual: unknown, expected: unknown) =>
  Effect.sync(() => deepStrictEqual(actual, expected));

type Point = Written["points"][number];
const keyOf = ({ name, metadata, step }: Point) => JSON.stringify([name, metadata, step]);
const inOrder = (points: ReadonlyArray<Point>) =>
  points.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const program = Effect.gen(function* () {
  const { experiment: entry } = yield* Experiments.find(written.slug);
  const id = entry.experimentId;
  yield* check(
    "Experiments.get",
    Effect.gen(function* () {
      yield* same(entry.path, `/${written.folder}/${written.slug}`);
      const { experiment } = yield* Experiments.get(id);
      yield* same(
        [experiment.description, experiment.meta, experiment.status, experiment.error],
        [written.description, written.meta, "error", written.error],
      );
    }),
  );
  yield* check(
    "Series.read",
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
    Effect.gen(function* () {
      const { annotations } = yield* Experiments.annotations(id);
      yield* same(
        annotations.map(({ annotation, meta }) => ({ annotation, meta })),
        [...written.annotations.toReversed(), { annotation: "experiment opened", meta: {} }],
      );
    }),
  );
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
for (const { call, reason } of checks) calls[call] = { made: 1, right: reason === null ? 1 : 0 };
console.log(JSON.stringify({ client: "ours, v2", checks, calls } satisfies Summary));

/**
 * `syvain-metrics-effect compare`: one metric of several experiments, side by side.
 */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Experiments from "../v2/Experiments.ts";
import * as Series from "../v2/Series.ts";
import { clientFlags, jsonFlag, withClient } from "./client.ts";
import { openOutput } from "./output.ts";
import type { Curve } from "./plot/curve.ts";
import { drawSvg } from "./plot/svg.ts";
import { drawInTerminal } from "./plot/terminal.ts";
import { csvWriter } from "./rows/write.ts";
import { metadataInWords, Summaries } from "./summary.ts";
import { hasColours, plain, print, printJson, shortNumber, table } from "./terminal.ts";

interface Compared {
  readonly slug: string;
  readonly series: Series.Series;
}

/** In the order in which they are named. */
const readAll = (slugs: ReadonlyArray<string>, metric: string) =>
  Effect.gen(function* () {
    const { experiments } = yield* Experiments.list();
    const ids = new Map(experiments.map(({ experimentId, slug }) => [slug, experimentId]));
    const missing = slugs.find((slug) => !ids.has(slug));
    if (missing !== undefined) {
      return yield* Effect.fail(new Error(`There is no experiment ${JSON.stringify(missing)}.`));
    }
    const all = yield* Effect.forEach(
      slugs,
      (slug) =>
        Effect.map(Series.read(ids.get(slug) ?? "", { names: [metric] }), (series) =>
          series
            .filter(({ values }) => values.length > 0)
            .map((series): Compared => ({ slug, series })),
        ),
      { concurrency: 4 },
    );
    return all.flat();
  });

const labelOf = ({ slug, series }: Compared): string =>
  [slug, metadataInWords(series.metadata)].filter((words) => words !== "").join(" ");

/** What has no step has no place on an axis of steps. */
const curveOf = (compared: Compared): Curve => {
  const { steps, values } = compared.series;
  const placed = [...values.keys()].filter((i) => steps[i] !== null);
  return {
    label: labelOf(compared),
    xs: placed.map((i) => steps[i]!),
    ys: placed.map((i) => values[i]!),
  };
};

const summaryOf = ({ slug, series }: Compared) => {
  const summaries = new Summaries();
  summaries.add(series);
  return summaries.all.map(({ name: _, ...summary }) => ({ slug, ...summary }));
};

const tableOf = (all: ReadonlyArray<Compared>) =>
  table(
    [
      ["experiment"],
      ["metadata"],
      ["points", "right"],
      ["step", "right"],
      ["last", "right"],
      ["min", "right"],
      ["max", "right"],
      ["mean", "right"],
    ],
    all
      .flatMap(summaryOf)
      .map(({ slug, metadata, points, lastStep, ...numbers }) => [
        slug,
        metadataInWords(metadata),
        points.toLocaleString("en"),
        lastStep === null ? "" : String(lastStep),
        ...[numbers.last, numbers.min, numbers.max, numbers.mean].map(shortNumber),
      ]),
  );

const printCsv = (all: ReadonlyArray<Compared>) =>
  Effect.gen(function* () {
    const out = yield* openOutput(undefined);
    yield* out.write(`slug,${csvWriter(false).start}`);
    for (const { slug, series } of all) yield* out.write(csvWriter(false, slug).rows(series));
  });

export const compare = Command.make(
  "compare",
  {
    slugs: Argument.String("slug").pipe(
      Argument.atLeast(1),
      Argument.withDescription("The experiments"),
    ),
    metric: Flag.String("metric").pipe(
      Flag.withAlias("m"),
      Flag.withDescription("The name of the metric"),
    ),
    svg: Flag.String("svg").pipe(
      Flag.optional,
      Flag.withDescription("Draw into this file, as SVG, and not into the terminal"),
    ),
    csv: Flag.Boolean("csv").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print all points as CSV, and nothing else"),
    ),
    ...clientFlags,
    json: jsonFlag,
  },
  ({ slugs, metric, svg, csv, json, ...flags }) =>
    Effect.gen(function* () {
      const distinct = [...new Set(slugs)];
      const all = yield* readAll(distinct, metric);
      for (const slug of distinct.filter((slug) => !all.some((one) => one.slug === slug))) {
        yield* Console.error(`${plain(slug)} has no metric ${JSON.stringify(metric)}.`);
      }
      if (all.length === 0) return yield* Effect.fail(new Error("There is nothing to compare."));
      const curves = all.map(curveOf).filter(({ xs }) => xs.length > 0);
      if (Option.isSome(svg)) {
        const out = yield* openOutput(svg.value);
        yield* out.write(drawSvg(curves, { title: metric, x: "step" }));
        yield* out.done;
      }
      if (csv) return yield* printCsv(all);
      if (json) return yield* printJson({ metric, series: all.flatMap(summaryOf) });
      yield* print(tableOf(all));
      if (Option.isSome(svg) || curves.length === 0) return;
      const size = { columns: process.stdout.columns || 80, rows: 16, hasColours: hasColours() };
      yield* print(["", ...drawInTerminal(curves, size)]);
    }).pipe(Effect.scoped, withClient(flags)),
).pipe(
  Command.withDescription("Compare a metric of several experiments, in a table and a plot"),
  Command.withExamples([
    {
      command: "syvain-metrics-effect compare run-1 run-2 --metric loss",
      description: "A table and a plot in the terminal",
    },
    {
      command: "syvain-metrics-effect compare run-1 run-2 --metric loss --svg loss.svg",
      description: "A picture for a report",
    },
  ]),
);

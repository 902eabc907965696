/**
 * `syvain-metrics-effect export`: all points of an experiment, as a file or on stdout.
 */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import * as Experiments from "../v2/Experiments.ts";
import * as Series from "../v2/Series.ts";
import { clientFlags, quietFlag, withClient } from "./client.ts";
import { openOutput } from "./output.ts";
import { progressBar } from "./progressBar.ts";
import { csvWriter, jsonWriter, parquetWriter, type RowWriter } from "./rows/write.ts";
import { plain } from "./terminal.ts";

const formats = ["csv", "jsonl", "parquet"] as const;
type Format = (typeof formats)[number];

const formatOf = (file: string | undefined): Format =>
  formats.find((format) => file?.toLowerCase().endsWith(`.${format}`) === true) ?? "csv";

const writerOf = (format: Format, file: string | undefined): Effect.Effect<RowWriter, Error> => {
  if (format === "csv") return Effect.succeed(csvWriter(file !== undefined));
  if (format === "jsonl") return Effect.succeed(jsonWriter);
  if (file === undefined && process.stdout.isTTY) {
    return Effect.fail(new Error("Parquet is nothing for a terminal: name a file with --output."));
  }
  return parquetWriter;
};

export const exportPoints = Command.make(
  "export",
  {
    slug: Argument.String("slug").pipe(Argument.withDescription("The experiment")),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.optional,
      Flag.withDescription("The file to write, which is there when it is whole; by default stdout"),
    ),
    format: Flag.Literals("format", formats).pipe(
      Flag.optional,
      Flag.withDescription("By default as the name of the file says, else csv"),
    ),
    metric: Flag.String("metric").pipe(
      Flag.atLeast(0),
      Flag.withDescription("Only metrics of this name; may be given several times"),
    ),
    ...clientFlags,
    quiet: quietFlag,
  },
  ({ slug, output, format: given, metric, quiet, ...flags }) =>
    Effect.gen(function* () {
      const file = Option.getOrUndefined(output);
      const writer = yield* writerOf(
        Option.getOrElse(given, () => formatOf(file)),
        file,
      );
      const { experiment } = yield* Experiments.find(slug);
      const out = yield* openOutput(file);
      const isOnScreen = file === undefined && process.stdout.isTTY;
      const progress = progressBar("Exporting", { quiet: quiet || isOnScreen, unit: "points" });
      let points = 0;
      yield* out.write(writer.start);
      const names = metric.length === 0 ? undefined : metric;
      yield* Series.stream(experiment.experimentId, { names }).pipe(
        Stream.runForEach((batch) => {
          points += batch.values.length;
          progress.show(points, undefined);
          return out.write(writer.rows(batch));
        }),
        Effect.ensuring(Effect.sync(() => progress.end())),
      );
      yield* out.write(writer.end());
      yield* out.done;
      if (file !== undefined && !quiet) {
        yield* Console.error(`${points.toLocaleString("en")} points are in ${plain(file)}.`);
      }
    }).pipe(Effect.scoped, withClient(flags)),
).pipe(
  Command.withDescription("Write all points of an experiment as CSV, JSON lines or Parquet"),
  Command.withExamples([
    {
      command: "syvain-metrics-effect export run-1 --output run-1.parquet",
      description: "A file for DuckDB, pandas or polars",
    },
    {
      command: "syvain-metrics-effect export run-1 --metric loss | head",
      description: "A look at one metric",
    },
  ]),
);

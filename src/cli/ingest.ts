/**
 * `syvain-metrics-effect ingest`: stores the metrics of a file.
 */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import { clientFlags, jsonFlag, quietFlag, withClient } from "./client.ts";
import { openAsItIs } from "./openRun.ts";
import { progressBar } from "./progressBar.ts";
import { type Format, formatOf, readRows, type Row } from "./rows/read.ts";
import { plain, printJson } from "./terminal.ts";

const failed = (file: string) => (error: unknown) =>
  new Error(`${file === "-" ? "stdin" : file} cannot be read: ${(error as Error).message}`);

/** How many wrong rows are named. */
const named = 10;

/** What is wrong with rows of a file, in a sentence. */
const badRows = (file: string, rows: ReadonlyArray<Row>, count: number, rest = "") => {
  const lines = rows.map(({ line, wrong }) => `line ${line}: ${wrong}`);
  const more = count > rows.length ? `; and ${count - rows.length} more` : "";
  return new Error(`${file === "-" ? "stdin" : file}, ${lines.join("; ")}${more}${rest}`);
};

/** Reads all of a file before any of it is sent, and answers how many metrics there are. */
const check = (file: string, format: Format, quiet: boolean) =>
  Effect.gen(function* () {
    const progress = progressBar("Reading", { quiet, unit: "points" });
    let points = 0;
    let wrong = 0;
    const first: Array<Row> = [];
    yield* Stream.fromAsyncIterable(readRows(file, format), failed(file)).pipe(
      Stream.runForEach((rows) =>
        Effect.sync(() => {
          for (const row of rows) {
            points += row.points.length;
            if (row.wrong === undefined) continue;
            wrong++;
            if (first.length < named) first.push(row);
          }
          progress.show(points, undefined);
        }),
      ),
      Effect.ensuring(Effect.sync(() => progress.end())),
    );
    if (wrong > 0) return yield* Effect.fail(badRows(file, first, wrong, ". Nothing was sent."));
    return points;
  });

export const ingest = Command.make(
  "ingest",
  {
    slug: Argument.String("slug").pipe(
      Argument.withDescription("The experiment; it is made where there is none"),
    ),
    file: Argument.String("file").pipe(Argument.withDescription("The file; - is stdin")),
    format: Flag.Literals("format", ["csv", "jsonl"]).pipe(
      Flag.optional,
      Flag.withDescription("By default as the name of the file says"),
    ),
    folder: Flag.String("folder").pipe(
      Flag.optional,
      Flag.withDescription("Where to put an experiment that lies at the top, such as /models"),
    ),
    ...clientFlags,
    json: jsonFlag,
    quiet: quietFlag,
  },
  ({ slug, file, format: given, folder, json, quiet, ...flags }) =>
    Effect.gen(function* () {
      const format = Option.getOrUndefined(given) ?? formatOf(file);
      if (format === undefined) {
        return yield* Effect.fail(
          new Error(`${file} does not say what it is: add --format csv or --format jsonl.`),
        );
      }
      // What comes from a pipe comes once.
      const total = file === "-" ? undefined : yield* check(file, format, quiet);
      const run = yield* openAsItIs(slug, Option.getOrUndefined(folder));
      const progress = progressBar("Sending", { quiet, unit: "points" });
      let taken = 0;
      const points = Stream.fromAsyncIterable(readRows(file, format), failed(file)).pipe(
        Stream.mapEffect((rows) => {
          const bad = rows.find(({ wrong }) => wrong !== undefined);
          if (bad !== undefined) {
            const rest = `. ${taken.toLocaleString("en")} points before it were sent.`;
            return Effect.fail(badRows(file, [bad], 1, rest));
          }
          const points = rows.flatMap(({ points }) => points);
          taken += points.length;
          progress.show(taken, total);
          return Effect.succeed(points);
        }),
        Stream.flattenIterable,
      );
      const { acknowledged, invalid } = yield* run
        .metrics(points, { onInvalid: "collect" })
        .pipe(Effect.ensuring(Effect.sync(() => progress.end())));
      const [first] = invalid;
      if (json) {
        yield* printJson({ slug, experimentId: run.experimentId, acknowledged, invalid });
      } else {
        yield* Console.log(`${acknowledged.toLocaleString("en")} points are in ${plain(slug)}.`);
      }
      if (first !== undefined) {
        return yield* Effect.fail(
          new Error(
            `${invalid.length.toLocaleString("en")} points were refused, the first of them (point ` +
              `${first.index + 1}): ${first.reason}`,
          ),
        );
      }
    }).pipe(Effect.scoped, withClient(flags)),
).pipe(
  Command.withDescription(
    "Store the metrics of a file, CSV or JSON lines. A row has name, value and step, or a step and a column for each " +
      "metric; timestamp and metadata where there are some. A file that is sent again is not stored again",
  ),
  Command.withExamples([
    {
      command: "syvain-metrics-effect ingest run-1 metrics.csv",
      description: "All rows of a file",
    },
    {
      command: "train | syvain-metrics-effect ingest run-1 - --format jsonl",
      description: "What a program prints",
    },
  ]),
);

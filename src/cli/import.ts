/**
 * `syvain-metrics-effect import`: stores what TensorBoard's event files hold.
 */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import { readdirSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { clientFlags, jsonFlag, quietFlag, withClient } from "./client.ts";
import { openAsItIs } from "./openRun.ts";
import { progressBar } from "./progressBar.ts";
import { readPoints, type Read } from "./tensorboard/read.ts";
import { counted, plain, printJson } from "./terminal.ts";

/** The event files of a directory are one run. */
interface Run {
  readonly slug: string;
  readonly files: ReadonlyArray<string>;
}

const runsIn = (directory: string): ReadonlyArray<Run> => {
  const root = resolve(directory);
  const runs = new Map<string, Array<string>>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.includes("tfevents")) continue;
    const slug = relative(root, entry.parentPath).split(sep).join("/") || basename(root);
    runs.set(slug, [...(runs.get(slug) ?? []), join(entry.parentPath, entry.name)]);
  }
  return [...runs.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([slug, files]) => ({ slug, files: files.toSorted() }));
};

const readAll = ({ files }: Run) =>
  Stream.flatMap(Stream.fromIterable(files), (file) =>
    Stream.fromAsyncIterable(
      readPoints(file),
      (error) => new Error(`${file} cannot be read: ${(error as Error).message}`),
    ),
  );

interface Counts {
  points: number;
  leftOut: number;
  readonly damaged: Array<string>;
}

const count = (counts: Counts, { points, leftOut, damaged }: Read) => {
  counts.points += points.length;
  counts.leftOut += leftOut;
  if (damaged !== undefined) counts.damaged.push(damaged);
};

/** Reads all once, to know how much it is, and where there is nothing to be made a run of. */
const look = (runs: ReadonlyArray<Run>, quiet: boolean) =>
  Effect.suspend(() => {
    const progress = progressBar("Reading", { quiet, unit: "points" });
    let points = 0;
    return Effect.forEach(runs, (run) => {
      const counts: Counts = { points: 0, leftOut: 0, damaged: [] };
      return readAll(run).pipe(
        Stream.runForEach((read) =>
          Effect.sync(() => {
            count(counts, read);
            points += read.points.length;
            progress.show(points, undefined);
          }),
        ),
        Effect.map(() => ({ ...run, ...counts })),
      );
    }).pipe(Effect.ensuring(Effect.sync(() => progress.end())));
  });

export const importRuns = Command.make(
  "import",
  {
    directory: Argument.Directory("directory", { mustExist: true }).pipe(
      Argument.withDescription("Where the event files are, in it and below it"),
    ),
    prefix: Flag.String("prefix").pipe(
      Flag.withDefault(""),
      Flag.withDescription("What to put before the path of a directory, which names its run"),
    ),
    folder: Flag.String("folder").pipe(
      Flag.optional,
      Flag.withDescription("Where to put runs that lie at the top, such as /models"),
    ),
    ...clientFlags,
    json: jsonFlag,
    quiet: quietFlag,
  },
  ({ directory, prefix, folder, json, quiet, ...flags }) =>
    Effect.gen(function* () {
      const found = runsIn(directory);
      if (found.length === 0) {
        return yield* Effect.fail(
          new Error(`There is no event file of TensorBoard in ${directory}.`),
        );
      }
      const looked = yield* look(found, quiet);
      const runs = looked.filter(({ points }) => points > 0);
      const total = runs.reduce((sum, { points }) => sum + points, 0);
      const progress = progressBar("Importing", { quiet, unit: "points" });
      let taken = 0;
      let refused: string | undefined;
      const stored = yield* Effect.forEach(runs, (run) => {
        const slug = prefix + run.slug;
        const points = readAll(run).pipe(
          Stream.map(({ points }) => {
            taken += points.length;
            progress.show(taken, total);
            return points;
          }),
          Stream.flattenIterable,
        );
        return Effect.gen(function* () {
          const { experimentId, metrics } = yield* openAsItIs(slug, Option.getOrUndefined(folder));
          const { acknowledged, invalid } = yield* metrics(points, { onInvalid: "collect" });
          const [first] = invalid;
          if (first !== undefined) {
            refused ??= `${counted(invalid.length, "point")} of ${slug} were refused: ${first.reason}`;
          }
          return { slug, experimentId, acknowledged };
        }).pipe(Effect.scoped);
      }).pipe(Effect.ensuring(Effect.sync(() => progress.end())));

      const leftOut = looked.reduce((sum, { leftOut }) => sum + leftOut, 0);
      const damaged = looked.flatMap(({ damaged }) => damaged);
      if (json) {
        yield* printJson({ runs: stored, leftOut, damaged });
      } else {
        for (const { slug, acknowledged } of stored) {
          yield* Console.log(`${plain(slug)}: ${counted(acknowledged, "point")}`);
        }
        const sum = stored.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
        yield* Console.log(`${counted(sum, "point")} are in ${counted(stored.length, "run")}.`);
      }
      if (leftOut > 0) {
        yield* Console.error(
          `${counted(leftOut, "value")} left out: not finite, at a step below 0, or of a name that is not ASCII.`,
        );
      }
      const wrong = [...damaged, ...(refused === undefined ? [] : [refused])];
      if (wrong.length > 0) return yield* Effect.fail(new Error(`${wrong.join("; ")}.`));
    }).pipe(withClient(flags)),
).pipe(
  Command.withDescription(
    "Store the scalars of TensorBoard's event files. Each directory is a run. What is imported again is not stored " +
      "again, and a run that is still being written can be",
  ),
  Command.withExamples([
    {
      command: "syvain-metrics-effect import runs --folder /tensorboard",
      description: "All runs below a directory",
    },
  ]),
);

/**
 * `syvain-metrics-effect show`: all about one experiment on one screen.
 */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import * as Experiments from "../v2/Experiments.ts";
import * as Series from "../v2/Series.ts";
import { clientFlags, jsonFlag, withClient } from "./client.ts";
import { metadataInWords, Summaries } from "./summary.ts";
import {
  json as toJson,
  paint,
  paintStatus,
  pairs,
  plain,
  print,
  printJson,
  shortNumber,
  shortTime,
  table,
} from "./terminal.ts";

const when = (time: DateTime.Utc | null): string =>
  time === null ? "" : shortTime(DateTime.formatIso(time));

/** There is no question in API v2 for how many points there are and which is last: the series are read. */
const summarise = (experimentId: string) =>
  Effect.suspend(() => {
    const summaries = new Summaries();
    return Series.stream(experimentId).pipe(
      Stream.runForEach((batch) => Effect.sync(() => summaries.add(batch))),
      Effect.map(() => summaries.all),
    );
  });

const titled = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", paint("bold", title), ...lines.map((line) => `  ${line}`)];

const record = ({ error, ...experiment }: Experiments.Experiment): ReadonlyArray<string> => {
  const entries: ReadonlyArray<readonly [string, string]> = [
    ["id", experiment.experimentId],
    ["description", experiment.description],
    ["error", error === null ? "" : error.message],
    ["created", when(experiment.createdAt)],
    ["started", when(experiment.startedAt)],
    ["done", when(experiment.doneAt)],
    ["last event", when(experiment.lastEventAt)],
  ];
  return pairs(
    entries.flatMap(([name, value]) => (value === "" ? [] : [[name, plain(value)] as const])),
  );
};

export const show = Command.make(
  "show",
  {
    slug: Argument.String("slug").pipe(Argument.withDescription("The experiment")),
    ...clientFlags,
    json: jsonFlag,
  },
  ({ slug, json, ...flags }) =>
    Effect.gen(function* () {
      const {
        experiment: { experimentId, path },
      } = yield* Experiments.find(slug);
      const [{ experiment }, { annotations }, metrics] = yield* Effect.all(
        [
          Experiments.get(experimentId),
          Experiments.annotations(experimentId),
          summarise(experimentId),
        ],
        { concurrency: "unbounded" },
      );
      if (json) return yield* printJson({ experiment, path, metrics, annotations });
      const config = Object.entries(experiment.meta).map(
        ([name, value]) =>
          [name, typeof value === "string" ? plain(value) : toJson(value)] as const,
      );
      const rows = metrics.map(({ name, metadata, points, lastStep, last, min, max }) => [
        name,
        metadataInWords(metadata),
        points.toLocaleString("en"),
        lastStep === null ? "" : String(lastStep),
        ...[last, min, max].map(shortNumber),
      ]);
      const columns = table(
        [
          ["metric"],
          ["metadata"],
          ["points", "right"],
          ["step", "right"],
          ["last", "right"],
          ["min", "right"],
          ["max", "right"],
        ],
        rows,
      );
      const notes = annotations.map(({ annotation, createdAt, meta }) => {
        const more = Object.keys(meta).length === 0 ? "" : ` ${paint("dim", toJson(meta))}`;
        return `${paint("dim", when(createdAt))}  ${plain(annotation)}${more}`;
      });
      yield* print([
        `${paint("bold", plain(path))}  ${paintStatus(experiment.status)}`,
        ...record(experiment).map((line) => `  ${line}`),
        ...titled("Config", pairs(config)),
        ...titled("Metrics", rows.length === 0 ? [] : columns),
        ...titled("Annotations", notes),
      ]);
    }).pipe(withClient(flags)),
).pipe(
  Command.withDescription("Show an experiment: its record, config, metrics and annotations"),
  Command.withExamples([
    { command: "syvain-metrics-effect show run-1", description: "All about a run" },
  ]),
);

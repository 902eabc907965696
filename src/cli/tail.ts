/**
 * `syvain-metrics-effect tail`: follows a run while it is written.
 */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Clock from "effect/Clock";
import * as Console from "effect/Console";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import { MetricsApiRequestError } from "../internal/base/errors.ts";
import * as Experiments from "../v2/Experiments.ts";
import * as Series from "../v2/Series.ts";
import { clientFlags, jsonFlag, withClient } from "./client.ts";
import { NewPoints, type Point } from "./newPoints.ts";
import { metadataInWords } from "./summary.ts";
import { json as toJson, paint, paintStatus, plain, shortNumber, shortTime } from "./terminal.ts";

/** What happened to a run, as `--json` prints it, one on a line. */
type Happening =
  | ({ readonly type: "metric"; readonly timestamp: string } & Omit<Point, "timestampMs">)
  | {
      readonly type: "annotation";
      readonly timestamp: string;
      readonly annotation: string;
      readonly meta: Experiments.Metadata;
    }
  | {
      readonly type: "status";
      readonly timestamp: string;
      readonly status: string;
      readonly error?: string;
    };

const lineOf = (happening: Happening): string => {
  const time = paint("dim", shortTime(happening.timestamp));
  switch (happening.type) {
    case "metric": {
      const { metadata, name, step, value } = happening;
      const words = metadataInWords(metadata);
      const series = paint("bold", plain(name)) + (words === "" ? "" : ` ${plain(words)}`);
      return `${time}  ${series}  ${step === null ? "" : `step ${step}  `}${shortNumber(value)}`;
    }
    case "annotation":
      return `${time}  ${paint("yellow", plain(happening.annotation))}`;
    case "status": {
      const { error, status } = happening;
      return `${time}  ${paintStatus(status)}${error === undefined ? "" : `: ${plain(error)}`}`;
    }
  }
};

const ends = (status: string) => status === "done" || status === "error";

const order = (a: Happening, b: Happening) =>
  a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0;

/** Asks what changed since it was asked before. What it knows changes when all of that has come. */
const follow = (experimentId: string) => {
  const points = new NewPoints();
  const annotated = new Set<string>();
  let known = { experimentRevision: -1, seriesRevision: -1, status: "" };

  const readRecord = Effect.all(
    [Experiments.get(experimentId), Experiments.annotations(experimentId)],
    { concurrency: 2 },
  );

  const statusOf = (experiment: Experiments.Experiment): Happening => {
    const { createdAt, doneAt, error, startedAt, status } = experiment;
    const timestamp = DateTime.formatIso((ends(status) ? doneAt : startedAt) ?? createdAt);
    return {
      type: "status",
      timestamp,
      status,
      ...(error === null ? {} : { error: error.message }),
    };
  };

  return Effect.gen(function* () {
    const [now] = (yield* Experiments.revisions([experimentId])).revisions;
    if (now === undefined) return yield* Effect.fail(new Error("The experiment is gone."));
    const { experimentRevision, seriesRevision } = now;
    const record = experimentRevision === known.experimentRevision ? undefined : yield* readRecord;
    const status = record?.[0].experiment.status ?? known.status;
    const isOver = ends(status);
    // What came before the end may have come since the revisions were asked for.
    const series =
      seriesRevision === known.seriesRevision && !isOver
        ? undefined
        : yield* Series.read(experimentId, { x: "timestamp" });

    const happenings: Array<Happening> = [];
    for (const { timestampMs, ...point } of series === undefined ? [] : points.of(series)) {
      const timestamp = new Date(timestampMs).toISOString();
      happenings.push({ type: "metric", timestamp, ...point });
    }
    for (const { annotation, annotationId, createdAt, meta } of record?.[1].annotations ?? []) {
      if (annotated.has(annotationId)) continue;
      annotated.add(annotationId);
      const timestamp = DateTime.formatIso(createdAt);
      happenings.push({ type: "annotation", timestamp, annotation, meta });
    }
    const changed =
      record === undefined || status === known.status ? [] : [statusOf(record[0].experiment)];
    known = { experimentRevision, seriesRevision, status };
    // The clock of who wrote may be another than that of the service, whose end is the end.
    const sorted = [...happenings, ...(isOver ? [] : changed)].toSorted(order);
    return { happenings: isOver ? [...sorted, ...changed] : sorted, isOver };
  });
};

export const tail = Command.make(
  "tail",
  {
    slug: Argument.String("slug").pipe(Argument.withDescription("The experiment")),
    lines: Flag.Int("lines").pipe(
      Flag.withAlias("n"),
      Flag.filter(
        (lines) => lines >= 0,
        () => "a number from 0",
      ),
      Flag.withDefault(10),
      Flag.withDescription("How much of what was before to print first; by default 10 lines"),
    ),
    interval: Flag.Finite("interval").pipe(
      Flag.filter(
        (interval) => interval > 0,
        () => "a number of seconds above 0",
      ),
      Flag.withDefault(1),
      Flag.withDescription("How often to ask, in seconds"),
    ),
    ...clientFlags,
    json: jsonFlag,
  },
  ({ slug, lines, interval, json, ...flags }) =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.find(slug);
      const ask = follow(experiment.experimentId).pipe(
        Effect.catchIf(
          (error) => error instanceof MetricsApiRequestError && error.retryable,
          // It was tried several times. Who follows a run for hours outlives what passes.
          (error) => Effect.as(Console.error(plain(error.message)), undefined),
        ),
      );
      let before = lines;
      for (;;) {
        const started = yield* Clock.currentTimeMillis;
        const found = yield* ask;
        if (found !== undefined) {
          const { happenings, isOver } = found;
          for (const happening of happenings.slice(Math.max(0, happenings.length - before))) {
            yield* Console.log(json ? toJson(happening) : lineOf(happening));
          }
          if (isOver) return;
          before = Infinity;
        }
        // A long run, which is read as a whole, is not asked for all the time.
        const took = (yield* Clock.currentTimeMillis) - started;
        yield* Effect.sleep(Math.max(interval * 1000, took));
      }
    }).pipe(withClient(flags)),
).pipe(
  Command.withDescription(
    "Follow a run: print metrics, annotations and changes of its status as they come, until it has ended",
  ),
  Command.withExamples([
    {
      command: "syvain-metrics-effect tail run-1 --lines 0 --json",
      description: "What comes from now on, for a program",
    },
  ]),
);

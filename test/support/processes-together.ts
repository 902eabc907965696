/** Many processes that record into one experiment at a time, through one spool directory. */
import * as Effect from "effect/Effect";
import * as Experiments from "../../src/Experiments.ts";
import * as Metrics from "../../src/Metrics.ts";
import { experimentOf, server, start, temporaryDirectory } from "./processes.ts";

export const recordTogether = (options: {
  readonly processes: number;
  readonly events: number;
}): Effect.Effect<
  {
    readonly distinct: number;
    readonly stored: number;
    readonly status: string;
    readonly experiments: number;
  },
  unknown
> =>
  Effect.gen(function* () {
    const spool = yield* temporaryDirectory;
    const { events, processes } = options;
    const slug = "together";
    const lives = Array.from({ length: processes }, (_, life) => life);
    const jobs = yield* Effect.forEach(lives, (life) =>
      start({
        spool,
        slug,
        life,
        events,
        durability: "batch",
        shutdownTimeout: 60_000,
        quiet: true,
      }),
    );
    yield* Effect.forEach(jobs, ({ ended }) => ended);
    const { id, status } = yield* experimentOf(slug);
    const { experiments } = yield* Experiments.list();
    const distinct = new Set<string>();
    let stored = 0;
    // One series after the other: a list of all pages through everything for every page.
    for (const life of lives) {
      const rows = yield* Metrics.compare(
        [{ experimentId: id, metricName: "loss", metadataKey: "life", metadataValue: life }],
        { limit: events * 2 },
      );
      for (const { step } of rows) distinct.add(`${life}/${step}`);
      stored += rows.length;
    }
    return { distinct: distinct.size, stored, status, experiments: experiments.length };
  }).pipe(Effect.scoped, Effect.provide(server));

/** Many processes that record into one experiment at a time, through one spool directory. */
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Experiments from "../../src/Experiments.ts";
import { experimentOf, server, start, storedOf, temporaryDirectory } from "./processes.ts";

export const recordTogether = (options: {
  readonly processes: number;
  readonly events: number;
  /** Short ones are outrun when many share a machine, so that processes are taken for gone that are alive. */
  readonly lease: Duration.Input;
}): Effect.Effect<
  {
    /** Left in the spool when all had ended, and delivered by recovery then. */
    readonly recovered: number;
    readonly distinct: number;
    readonly stored: number;
    readonly status: string;
    readonly experiments: number;
  },
  unknown
> =>
  Effect.gen(function* () {
    const spool = yield* temporaryDirectory;
    const { events, lease, processes } = options;
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
        lease,
        quiet: true,
      }),
    );
    yield* Effect.forEach(jobs, ({ ended }) => ended);
    const recovery = yield* start({ spool, slug, life: processes, lease, end: "recover" });
    yield* recovery.ended;
    const { delivered } = JSON.parse(recovery.lines.at(-1) ?? "{}");
    const { status } = yield* experimentOf(slug);
    const { experiments } = yield* Experiments.list();
    const stored = yield* storedOf(slug);
    return {
      recovered: delivered,
      distinct: new Set(stored).size,
      stored: stored.length,
      status,
      experiments: experiments.length,
    };
  }).pipe(Effect.scoped, Effect.provide(server));

/** Ends jobs in every way there is, with a server that answers and with one that does not, and looks how long that takes and what the experiment says. */
import * as Effect from "effect/Effect";
import * as Faults from "../../src/testing/Faults.ts";
import type { Job } from "./job.ts";
import {
  experimentOf,
  server,
  start,
  statusOf,
  storedOf,
  temporaryDirectory,
} from "./processes.ts";

export interface Ending {
  readonly name: string;
  /** Where the experiment stands then, and the name of the error. */
  readonly status: string;
  readonly end: NonNullable<Job["end"]>;
  readonly signal?: NodeJS.Signals;
}

export const endings: ReadonlyArray<Ending> = [
  { name: "return", end: "return", status: "done" },
  { name: "typed failure", end: "fail", status: "error (Error)" },
  { name: "defect", end: "die", status: "error (Error)" },
  { name: "interruption", end: "interrupt", status: "error (Interrupted)" },
  { name: "timeout", end: "timeout", status: "error (TimeoutError)" },
  { name: "SIGINT", end: "wait", signal: "SIGINT", status: "error (Interrupted)" },
  { name: "SIGTERM", end: "wait", signal: "SIGTERM", status: "error (Interrupted)" },
  { name: "SIGKILL", end: "wait", signal: "SIGKILL", status: "error (Killed)" },
];

export interface Ended {
  /** Milliseconds from the end of the job to the end of the process. */
  readonly took: number;
  /** What the experiment said after recovery. */
  readonly status: string;
  /** Events stored after recovery, of `events`. */
  readonly stored: number;
}

export const events = 25;

/** Ends one job. With the server black-holed from the first event on, nothing it sends is answered before recovery. */
export const endOne = (
  { end, signal }: Ending,
  options: { readonly blackHole: boolean; readonly shutdownTimeout: number },
): Effect.Effect<Ended, unknown> =>
  Effect.gen(function* () {
    const spool = yield* temporaryDirectory;
    const slug = "ending";
    const common = { spool, slug, life: 1, durability: "batch", lease: 300 } as const;
    const { blackHole, shutdownTimeout } = options;
    const job = yield* start({ ...common, end, events, every: 4, shutdownTimeout, quiet: true });
    yield* job.printed("open");
    if (blackHole) yield* Faults.delay("1 hour", { times: Infinity });
    yield* job.printed("recorded");
    // A batch interval, so that also SIGKILL finds everything on the disk.
    if (signal === "SIGKILL") yield* Effect.sleep("1300 millis");
    const from = Date.now();
    if (signal !== undefined) job.kill(signal);
    yield* job.ended;
    const took = Date.now() - from;
    yield* Faults.clear;
    const recovery = yield* start({ ...common, end: "recover" });
    yield* recovery.ended;
    const status = statusOf(yield* experimentOf(slug));
    return { took, status, stored: (yield* storedOf(slug)).length };
  }).pipe(Effect.scoped, Effect.provide(server));

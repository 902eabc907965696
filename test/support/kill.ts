/** Kills a job at random points, again and again, and looks what is there in the end. */
import * as Effect from "effect/Effect";
import * as Faults from "../../src/testing/Faults.ts";
import {
  experimentOf,
  faulty,
  server,
  start,
  statusOf,
  storedOf,
  temporaryDirectory,
} from "./processes.ts";

export interface Outcome {
  readonly kills: number;
  /** Events whose `metric()` had returned. */
  readonly recorded: number;
  readonly stored: number;
  /** Stored more than once. */
  readonly twice: number;
  readonly missing: number;
  /** Milliseconds before the kill at which the oldest event was recorded that is missing. */
  readonly oldestMissing: number;
  /** What the last recovery left. */
  readonly remaining: number;
  readonly status: string;
}

export const killAgainAndAgain = (options: {
  readonly kills: number;
  readonly durability: "event" | "batch";
  readonly interval?: number;
  /** How long the job computes before each event, without a turn for anything else; by default it waits a while. */
  readonly compute?: number;
  /** The longest life, in milliseconds from the first event on, and the shortest; none by default. */
  readonly longest: number;
  readonly shortest?: number;
  readonly onKill?: (n: number) => void;
}): Effect.Effect<Outcome, unknown> =>
  Effect.gen(function* () {
    const spool = yield* temporaryDirectory;
    const slug = "kill";
    yield* faulty;
    const recorded = new Map<string, number>();
    for (let life = 1; life <= options.kills; life++) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { compute, durability, interval, longest, shortest = 0 } = options;
          const job = yield* start({
            spool,
            slug,
            life,
            durability,
            ...(compute !== undefined ? { compute } : durability === "batch" ? { every: 1 } : {}),
            ...(interval === undefined ? {} : { interval }),
          });
          yield* job.printed("open");
          yield* Effect.sleep(shortest + Math.random() * (longest - shortest));
          const killed = Date.now();
          job.kill("SIGKILL");
          yield* job.ended;
          for (const line of job.lines) {
            const [event, at] = line.split(" ");
            if (at !== undefined) recorded.set(event!, killed - Number(at));
          }
        }),
      );
      options.onKill?.(life);
    }
    yield* Faults.clear;
    const last = yield* start({ spool, slug, life: 0, end: "recover" });
    yield* last.ended;
    const { remaining } = JSON.parse(last.lines.at(-1)!);
    const stored = yield* storedOf(slug);
    const distinct = new Set(stored);
    const missing = [...recorded].filter(([event]) => !distinct.has(event));
    const status = statusOf(yield* experimentOf(slug));
    return {
      kills: options.kills,
      recorded: recorded.size,
      stored: stored.length,
      twice: stored.length - distinct.size,
      missing: missing.length,
      oldestMissing: Math.max(0, ...missing.map(([, age]) => age)),
      remaining,
      status,
    };
  }).pipe(Effect.scoped, Effect.provide(server));

import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Semaphore from "effect/Semaphore";
import type * as Scope from "effect/Scope";
import type { Collector, Options } from "../../Collector.ts";
import { ConfigService } from "../configService.ts";
import type { MetricsApiAuthError } from "../../MetricsApiError.ts";
import { Spool } from "../../Spool.ts";
import { countSetting, durationSetting, waitSetting } from "../setting.ts";
import type { Kind } from "../spool/block.ts";
import type { Limits } from "../spool/intake.ts";
import { createOrFind } from "./experiments.ts";
import { post, type Road } from "./post.ts";
import { makeRecorder } from "./recorder.ts";
import { makeRecovery } from "./recovery.ts";

export const makeCollector = (
  options: Options,
): Effect.Effect<Collector["Service"], MetricsApiAuthError, Road | Spool | Scope.Scope> =>
  Effect.gen(function* () {
    const spool = yield* Spool;
    const { host } = yield* ConfigService;
    const road = yield* Effect.context<Road>();
    const limits: Limits = {
      maxEvents: yield* countSetting(options.maxEvents ?? 1000, "maxEvents"),
      maxBytes: yield* countSetting(options.maxBytes ?? 1024 * 1024, "maxBytes"),
      interval: yield* durationSetting(options.interval ?? "1 second", "interval"),
    };
    const shutdownTimeout = yield* waitSetting(
      options.shutdownTimeout ?? "10 seconds",
      "shutdownTimeout",
    );

    /** What is said of one experiment's run is said in order. */
    const turns = new Map<string, Semaphore.Semaphore>();
    const inTurn = (experimentId: string) => {
      const turn = turns.get(experimentId) ?? Semaphore.makeUnsafe(1);
      turns.set(experimentId, turn);
      return turn.withPermits(1);
    };
    const postTo = (experimentId: string) => (kind: Kind, body: string) => {
      const posting = Effect.provideContext(post(experimentId, kind, body), road);
      return kind === "status" ? inTurn(experimentId)(posting) : posting;
    };

    /** How many recorders each experiment has here: while it has one, how an earlier run of it ended is no longer of interest. */
    const recorders = new Map<string, number>();
    const recording = (experimentId: string) => {
      const count = (more: number) =>
        Effect.sync(() => recorders.set(experimentId, (recorders.get(experimentId) ?? 0) + more));
      return Effect.acquireRelease(count(1), () => count(-1));
    };
    const recovery = makeRecovery({
      spool,
      host,
      limits,
      post: (experimentId) => {
        const posting = postTo(experimentId);
        return (kind, body) =>
          kind === "status"
            ? Effect.suspend(() =>
                (recorders.get(experimentId) ?? 0) > 0 ? Effect.void : posting(kind, body),
              )
            : posting(kind, body);
      },
    });
    yield* Effect.addFinalizer(() => recovery.release);
    // A spool in memory has no earlier processes.
    if ((options.recoverOnStart ?? true) && Duration.isPositive(spool.lease)) {
      yield* Effect.forkScoped(recovery.forever);
    }

    /** The service did not answer in time when a recorder ended: the next one need not wait as long again, unless something got through since. */
    const patience = { lost: false };

    return {
      recover: recovery.recover,
      experiment: (input) =>
        Effect.gen(function* () {
          const experiment = yield* Effect.provideContext(createOrFind(input), road);
          yield* recording(experiment.id);
          const destination = { host, experimentId: experiment.id, slug: experiment.slug };
          const log = yield* spool.open(destination, limits);
          return yield* makeRecorder({
            experiment,
            log,
            post: postTo(experiment.id),
            shutdownTimeout,
            patience,
          });
        }),
    };
  });

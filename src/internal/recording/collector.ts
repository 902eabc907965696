import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import * as Semaphore from "effect/Semaphore";
import type { MetricsApiAuthError } from "../base/errors.ts";
import { countSetting, durationSetting, invalidSetting, waitSetting } from "../base/settings.ts";
import { isStatus } from "../spool/block.ts";
import { type Limits, Spool } from "../spool/service.ts";
import type { Send } from "./delivery.ts";
import { drawKey, makeRecorder } from "./recorder.ts";
import { makeRecovery } from "./recovery.ts";
import { killed } from "./runStatus.ts";
import type { Collector, Options } from "./service.ts";
import type { Uplink } from "./uplink.ts";

export const makeCollector = (
  options: Options,
  uplink: Uplink,
): Effect.Effect<Collector["Service"], MetricsApiAuthError, Spool | Scope.Scope> =>
  Effect.gen(function* () {
    const spool = yield* Spool;
    const clock = yield* Clock.Clock;
    const { recipient } = uplink;
    const limits: Limits = {
      maxEvents: yield* countSetting(options.maxEvents ?? uplink.maxEvents, "maxEvents"),
      maxBytes: yield* countSetting(options.maxBytes ?? 1024 * 1024, "maxBytes"),
      interval: yield* durationSetting(options.interval ?? "1 second", "interval"),
    };
    if (limits.maxEvents > uplink.maxEvents) {
      return yield* invalidSetting("maxEvents", `at most ${uplink.maxEvents}`);
    }
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
    const sendTo =
      (experimentId: string): Send =>
      (kind, entries) => {
        const sending = uplink.send(experimentId, kind, entries);
        return isStatus(kind) ? inTurn(experimentId)(sending) : sending;
      };

    /**
     * How many recorders each experiment has here: while it has one, how an earlier run of it ended is no longer of
     * interest.
     */
    const recorders = new Map<string, number>();
    const recording = (experimentId: string) => {
      const count = (more: number) =>
        Effect.sync(() => recorders.set(experimentId, (recorders.get(experimentId) ?? 0) + more));
      return Effect.acquireRelease(count(1), () => count(-1));
    };
    const recovery = makeRecovery({
      spool,
      recipient,
      limits,
      sendTo: (experimentId) => {
        const send = sendTo(experimentId);
        return (kind, entries) =>
          isStatus(kind)
            ? Effect.suspend(() =>
                (recorders.get(experimentId) ?? 0) > 0 ? Effect.void : send(kind, entries),
              )
            : send(kind, entries);
      },
      killed: Effect.map(drawKey, (key) =>
        uplink.encodeStatus(killed, key, clock.currentTimeMillisUnsafe()),
      ),
    });
    yield* Effect.addFinalizer(() => recovery.release);
    // A spool in memory has no earlier processes.
    if ((options.recoverOnStart ?? true) && Duration.isPositive(spool.lease)) {
      yield* Effect.forkScoped(recovery.forever);
    }

    /**
     * The service did not answer in time when a recorder ended: the next one need not wait as long again, unless
     * something got through since.
     */
    const unanswered = { value: false };

    return {
      recover: recovery.recover,
      experiment: (input) =>
        Effect.gen(function* () {
          const experiment = yield* uplink.open(input);
          const { id: experimentId, slug } = experiment;
          yield* recording(experimentId);
          const log = yield* spool.open({ ...recipient, experimentId, slug }, limits);
          return yield* makeRecorder({
            experiment,
            log,
            uplink,
            send: sendTo(experimentId),
            shutdownTimeout,
            unanswered,
          });
        }),
    };
  });

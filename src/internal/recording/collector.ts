import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as References from "effect/References";
import type * as Scope from "effect/Scope";
import * as Semaphore from "effect/Semaphore";
import type { MetricsApiAuthError } from "../base/errors.ts";
import { countSetting, durationSetting, invalidSetting, waitSetting } from "../base/settings.ts";
import { isStatus } from "../spool/block.ts";
import { type Limits, Spool } from "../spool/service.ts";
import { writeNote } from "./note.ts";
import { drawKey, makeRecorder } from "./recorder.ts";
import { makeRecovery } from "./recovery.ts";
import { killed } from "./runStatus.ts";
import type { Collector, ExperimentInput, Options } from "./service.ts";
import type { Connection, Opened, SendError, Uplink } from "./uplink.ts";

/** How many requests of all recorders are under way at a time: each has a socket, and a process may have few. */
const maxRequests = 32;

/** How long a job that can start without the service waits for it. */
const patience = Duration.seconds(5);

/** The service is not there, or what answers is not the service. It may be later. */
const isAway = (error: SendError): boolean =>
  error._tag === "MetricsApiResponseError"
    ? error.reason._tag === "InvalidJson"
    : error._tag === "MetricsApiRequestError" && error.retryable;

/** What a job prints is its own, so what is logged here goes to stderr, unless somebody has said where logs go. */
const loggingToStderr = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber(({ context }) =>
    Context.getOrUndefined(context, References.CurrentLoggers) === undefined &&
    Context.getOrUndefined(context, References.LogToStderr) === undefined
      ? Effect.provideService(self, References.LogToStderr, true)
      : self,
  );

export const makeCollector = <O extends Opened>(
  options: Options,
  uplink: Uplink<O>,
): Effect.Effect<Collector["Service"], MetricsApiAuthError, Spool | Scope.Scope> =>
  Effect.gen(function* () {
    const spool = yield* Spool;
    const clock = yield* Clock.Clock;
    const { recipient } = uplink;
    const limits: Limits = {
      maxEvents: yield* countSetting(options.maxEvents ?? uplink.maxEvents, "maxEvents"),
      maxBytes: yield* countSetting(options.maxBytes ?? uplink.maxBytes, "maxBytes"),
      interval: yield* durationSetting(options.interval ?? "1 second", "interval"),
    };
    if (limits.maxEvents > uplink.maxEvents) {
      return yield* invalidSetting("maxEvents", `at most ${uplink.maxEvents}`);
    }
    const shutdownTimeout = yield* waitSetting(
      options.shutdownTimeout ?? "10 seconds",
      "shutdownTimeout",
    );

    const requests = Semaphore.makeUnsafe(maxRequests);
    /** What is said of one experiment's run is said in order. */
    const turns = new Map<string, Semaphore.Semaphore>();
    const inTurn = (slug: string) => {
      const turn = turns.get(slug) ?? Semaphore.makeUnsafe(1);
      turns.set(slug, turn);
      return turn.withPermits(1);
    };
    const ordered = (slug: string, connection: Connection): Connection => ({
      ...connection,
      send: (kind, entries) => {
        const sending = requests.withPermits(1)(connection.send(kind, entries));
        return kind === "killed" || isStatus(kind) ? inTurn(slug)(sending) : sending;
      },
    });

    /**
     * How many recorders each experiment has here: while it has one, how an earlier run of it ended is no longer of
     * interest.
     */
    const recorders = new Map<string, number>();
    const recording = (slug: string) => {
      const count = (more: number) =>
        Effect.sync(() => recorders.set(slug, (recorders.get(slug) ?? 0) + more));
      return Effect.acquireRelease(count(1), () => count(-1));
    };
    const recovery = makeRecovery({
      spool,
      recipient,
      limits,
      connect: (leftover) => ordered(leftover.destination.slug, uplink.connect(leftover)),
      isRecorded: (slug) => (recorders.get(slug) ?? 0) > 0,
      killed: Effect.map(drawKey, (key) =>
        uplink.encodeStatus(killed, key, clock.currentTimeMillisUnsafe()),
      ),
    });
    yield* Effect.addFinalizer(() => recovery.release);
    // A spool in memory has no earlier processes.
    if ((options.recoverOnStart ?? true) && spool.survives) {
      yield* Effect.forkScoped(loggingToStderr(recovery.forever));
    }

    /**
     * The service did not answer in time when a recorder ended: the next one need not wait as long again, unless
     * something got through since.
     */
    const unanswered = { value: false };

    const recordsOffline = spool.survives && options.offline !== "fail";
    /** The experiment, unless it has to be opened later. */
    const open = (input: ExperimentInput) => {
      const later = (why: string) =>
        Effect.as(
          Effect.logWarning(
            `${input.slug} cannot be opened yet: ${why}. It is recorded, and sent when it can be.`,
          ),
          undefined,
        );
      const opening = requests.withPermits(1)(uplink.open(input));
      return recordsOffline
        ? opening.pipe(
            Effect.catchIf(isAway, (error) => later(error.message)),
            Effect.timeoutOrElse({
              duration: patience,
              orElse: () =>
                later(`the service did not answer within ${Duration.toSeconds(patience)} seconds`),
            }),
          )
        : opening;
    };

    return {
      recover: (onProgress) => loggingToStderr(recovery.recover(onProgress)),
      experiment: (input) =>
        Effect.gen(function* () {
          const { slug } = input;
          const opened = yield* open(input);
          yield* recording(slug);
          const note = writeNote({ input, ...(opened && { id: opened.experiment.id }) });
          const log = yield* spool.open({ ...recipient, slug }, note, limits);
          return yield* makeRecorder({
            connection: ordered(slug, uplink.connect(log, opened)),
            log,
            uplink,
            shutdownTimeout,
            unanswered,
          });
        }).pipe(loggingToStderr),
    };
  });

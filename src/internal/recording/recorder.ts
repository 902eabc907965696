import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import { formatIssue, type Issue } from "../base/issue.ts";
import { quoted } from "../base/shellQuote.ts";
import { IdempotencyKey } from "../request/idempotencyKey.ts";
import type { Entry, Kind, Log } from "../spool/service.ts";
import { lostInWords, UndeliveredError } from "./errors.ts";
import { type RunStatus, statusOf } from "./runStatus.ts";
import { newTally, Sender } from "./sender.ts";
import type { AnnotationOptions, EventOptions, Recorder } from "./service.ts";
import type { Connection, Uplink } from "./uplink.ts";

const noOptions: EventOptions & AnnotationOptions = {};

/** What an annotation or a status is sent under: an `Idempotency-Key`, or the id of a message. */
export const drawKey: Effect.Effect<string> = Effect.flatten(IdempotencyKey);

/** A name that is none may be anything. */
const nameInWords = (name: unknown): string =>
  typeof name === "string" ? JSON.stringify(name.slice(0, 200)) : "without a name";

/** Lets fibers wait for what a sender brings about. */
class Progress {
  #waiting: Array<{ readonly isSo: () => boolean; readonly go: () => void }> = [];

  /** Something has changed. */
  readonly check = (): void => {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = waiting.filter(({ isSo }) => !isSo());
    for (const one of waiting) if (!this.#waiting.includes(one)) one.go();
  };

  until(isSo: () => boolean): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (isSo()) return resume(Effect.void);
      const one = { isSo, go: () => resume(Effect.void) };
      this.#waiting.push(one);
      return Effect.sync(() => {
        this.#waiting = this.#waiting.filter((other) => other !== one);
      });
    });
  }
}

export const makeRecorder = (options: {
  readonly connection: Connection;
  readonly log: Log;
  readonly uplink: Pick<Uplink, "encoder" | "encodeStatus">;
  readonly shutdownTimeout: Duration.Duration;
  /** Whether the service did not answer in time when the last recorder ended. */
  readonly unanswered: { value: boolean };
}): Effect.Effect<Recorder, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { connection, log, shutdownTimeout, unanswered, uplink } = options;
    const { slug } = log.destination;
    const clock = yield* Clock.Clock;
    const runFork = Effect.runForkWith(yield* Effect.context<never>());
    const progress = new Progress();
    const tally = newTally();
    const sender = new Sender(log, connection.send, tally, () => {
      if (tally.lastError === undefined) unanswered.value = false;
      progress.check();
    });

    let invalid = 0;
    const warned = new Set<string>();
    const leaveOut = (what: string, issue: Issue): undefined => {
      invalid++;
      if (warned.has(what)) return;
      // Names are few, or something is wrong anyway.
      if (warned.size < 1000) warned.add(what);
      runFork(
        Effect.logWarning(
          `An event of ${what} of ${slug} is left out: ${formatIssue(issue)}. ` +
            `More of ${what} that are left out will only be counted.`,
        ),
      );
    };

    let closed = false;
    let late = 0;
    const leaveOutLate = (): undefined => {
      if (late++ > 0) return;
      runFork(
        Effect.logWarning(
          `The recorder of ${slug} is used after its scope closed: what it is given is left out. More of it will only be counted.`,
        ),
      );
    };

    const encoder = uplink.encoder(slug);
    const encodeMetric = (name: string, value: number, options: EventOptions) => {
      if (closed) return leaveOutLate();
      const encoded = encoder.metric(
        name,
        value,
        options,
        // A clock under test may stand between two.
        Math.floor(clock.currentTimeMillisUnsafe()),
      );
      return encoded instanceof Uint8Array
        ? encoded
        : leaveOut(`metric ${nameInWords(name)}`, encoded);
    };
    const encodeAnnotation = (text: string, options: AnnotationOptions, key: string) => {
      if (closed) return leaveOutLate();
      const encoded = encoder.annotation(text, options, key);
      return typeof encoded === "string" ? encoded : leaveOut("annotations", encoded);
    };

    const offer = (kind: Kind, entry: Entry | undefined): Effect.Effect<void> =>
      entry === undefined ? Effect.void : log.offer(kind, entry);

    const summary = () => {
      const { pending, dropped } = log.counts();
      const { delivered, refused } = tally;
      return { delivered, pending, dropped, refused, invalid, late };
    };

    /** Everything recorded so far is out. */
    const until = (orElse: (target: number) => boolean) =>
      Effect.suspend(() => {
        const target = log.accepted();
        return Effect.andThen(
          Effect.sync(() => sender.wake()),
          progress.until(() => log.left() >= target || orElse(target)),
        );
      });
    const flush = Effect.andThen(
      log.seal,
      // Nobody sends any more once it is closed.
      until(() => closed),
    );

    const flushOrFail = Effect.gen(function* () {
      yield* log.seal;
      const before = tally.failures;
      // What another process took over can be long in coming.
      yield* until(
        (target) => closed || tally.failures > before || log.left() + log.waiting() >= target,
      );
      const { pending, dropped, refused, invalid, late } = summary();
      if (pending + dropped + refused + invalid + late === 0) return;
      const detail =
        pending > 0 && tally.lastError !== undefined ? tally.lastError.message : undefined;
      return yield* new UndeliveredError({
        slug,
        pending,
        dropped,
        refused,
        invalid,
        late,
        ...(detail === undefined ? {} : { detail }),
      });
    });

    const sending = yield* Effect.forkScoped(
      Effect.interruptible(sender.forever(log.ready, log.directory !== undefined)),
    );
    yield* Effect.forkScoped(
      Effect.andThen(
        log.dropping,
        Effect.logWarning(
          `Events of ${slug} are dropped: the spool has no room for them. flushOrFail says how many.`,
        ),
      ),
    );

    const leave = Effect.gen(function* () {
      const limit = Duration.toMillis(unanswered.value ? Duration.zero : shutdownTimeout);
      const start = clock.currentTimeMillisUnsafe();
      const within = <A>(self: Effect.Effect<A>) =>
        Effect.suspend(() => {
          const left = limit - (clock.currentTimeMillisUnsafe() - start);
          return Effect.timeoutOption(Effect.interruptible(self), Math.max(0, left));
        });
      const done = yield* within(flush);
      yield* Fiber.interrupt(sending);
      closed = true;
      progress.check();
      if (done._tag === "None" || (yield* within(connection.close))._tag === "None") {
        unanswered.value = true;
      }
      const { pending, ...others } = summary();
      if (pending > 0) {
        const why = tally.lastError === undefined ? "" : ` (${tally.lastError.message})`;
        yield* log.directory === undefined
          ? Effect.logError(
              `${pending} events of ${slug} could not be delivered${why} and are lost: the spool is in memory.`,
            )
          : Effect.logWarning(
              `${pending} events of ${slug} could not be delivered yet${why}. They are kept; the next process on ` +
                `the spool sends them, or:\n  npx syvain-metrics-effect resend --spool ${quoted(log.directory)}`,
            );
      }
      const lost = lostInWords(others);
      if (lost.length > 0) yield* Effect.logWarning(`Of ${slug}: ${lost.join(", ")}.`);
    });
    yield* Effect.addFinalizer(() => leave);

    const record = (status: RunStatus) =>
      Effect.flatMap(drawKey, (key) => {
        if (closed) return Effect.sync(leaveOutLate);
        return log.offer(
          status.status === "running" ? "started" : "ended",
          uplink.encodeStatus(status, key, clock.currentTimeMillisUnsafe()),
        );
      });

    return {
      slug,
      experiment: connection.experiment,
      metric: (name, value, options = noOptions) =>
        Effect.suspend(() => offer("metric", encodeMetric(name, value, options))),
      metricUnsafe: (name, value, options = noOptions) => {
        const event = encodeMetric(name, value, options);
        return event !== undefined && log.offerUnsafe("metric", event);
      },
      annotation: (text, options = noOptions) =>
        Effect.flatMap(drawKey, (key) => offer("annotation", encodeAnnotation(text, options, key))),
      run: (effect) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.andThen(
            record({ status: "running" }),
            Effect.onExit(restore(effect), (exit) => record(statusOf(exit))),
          ),
        ),
      flush,
      flushOrFail,
      summary: Effect.sync(summary),
    };
  });

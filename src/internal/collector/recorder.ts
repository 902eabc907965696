import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import type { EventOptions, Recorder } from "../../Collector.ts";
import * as ClientEventId from "../../ClientEventId.ts";
import type { Experiment } from "../contract/experiments.ts";
import { quoted } from "../quoted.ts";
import type { Kind } from "../spool/block.ts";
import type { Log } from "../spool/log.ts";
import { encodeStatus, type RunStatus } from "../spool/status.ts";
import type { Post } from "./delivery.ts";
import { type Encoded, encodeAnnotation, encodeMetric } from "./encode.ts";
import { formatIssue } from "../road/issue.ts";
import { PlainMetrics } from "./plainMetrics.ts";
import { Progress } from "./progress.ts";
import { lostInWords, UndeliveredError } from "./undelivered.ts";
import { newAccount, Sender } from "./sender.ts";

const none: EventOptions = {};

/** What an end says of the run. */
const statusOf = (exit: Exit.Exit<unknown, unknown>): RunStatus =>
  Exit.isSuccess(exit) ? "done" : Cause.hasInterruptsOnly(exit.cause) ? "cancelled" : "failed";

export const makeRecorder = (options: {
  readonly experiment: Experiment;
  readonly log: Log;
  readonly post: Post;
  readonly shutdownTimeout: Duration.Duration;
  readonly patience: { lost: boolean };
}): Effect.Effect<Recorder, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { experiment, log, patience, shutdownTimeout } = options;
    const { slug } = experiment;
    const clock = yield* Clock.Clock;
    const runFork = Effect.runForkWith(yield* Effect.context<never>());
    const progress = new Progress();
    const account = newAccount();
    const sender = new Sender(log, options.post, account, () => {
      if (account.trouble === undefined) patience.lost = false;
      progress.tell();
    });

    let invalid = 0;
    const warned = new Set<string>();
    const keep = (encoded: Encoded, what: () => string): string | undefined => {
      if (Result.isSuccess(encoded)) return encoded.success;
      invalid++;
      const name = what();
      if (warned.has(name)) return undefined;
      // Names are few, or something is wrong anyway.
      if (warned.size < 1000) warned.add(name);
      runFork(
        Effect.logWarning(
          `An event of ${name} of ${slug} is left out: ${formatIssue(encoded.failure)}. Others of ${name} that are will only be counted.`,
        ),
      );
      return undefined;
    };

    const run = SecureRandom.uuidV4Unsafe();
    let unstepped = 0;
    const idOf = (name: string, { step, metadata }: EventOptions): string =>
      step === undefined
        ? `${run}/${++unstepped}`
        : ClientEventId.make({ run: slug, name, step, metadata });

    const plain = new PlainMetrics(slug);
    const encodedMetric = (name: string, value: number, options: EventOptions) => {
      const now = clock.currentTimeMillisUnsafe();
      return (
        plain.encode(name, value, options, now) ??
        keep(
          encodeMetric(() => idOf(name, options), name, value, options, now),
          () => `metric ${JSON.stringify(name)}`,
        )
      );
    };

    const encodedAnnotation = (text: string, options: EventOptions) =>
      keep(
        encodeAnnotation(() => idOf(text, options), text, options, clock.currentTimeMillisUnsafe()),
        () => "annotations",
      );

    const offer = (kind: Kind, event: string | undefined): Effect.Effect<void> =>
      event === undefined ? Effect.void : log.offer(kind, event);

    const summary = () => {
      const { pending, dropped } = log.counts();
      const { delivered, refused } = account;
      return { delivered, pending, dropped, refused, invalid };
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
      until(() => false),
    );

    const flushOrFail = Effect.gen(function* () {
      yield* log.seal;
      const before = account.failures;
      // What another process has in hand can be long in coming.
      yield* until((target) => account.failures > before || log.left() + log.waiting() >= target);
      const { pending, dropped, refused, invalid } = summary();
      if (pending + dropped + refused + invalid === 0) return;
      const detail =
        pending > 0 && account.trouble !== undefined ? account.trouble.message : undefined;
      return yield* new UndeliveredError({
        slug,
        pending,
        dropped,
        refused,
        invalid,
        ...(detail === undefined ? {} : { detail }),
      });
    });

    const sending = yield* Effect.forkScoped(Effect.interruptible(sender.forever(log.ready)));
    yield* Effect.forkScoped(
      Effect.andThen(
        log.dropping,
        Effect.logWarning(
          `Events of ${slug} are dropped: the spool has no room for them. How many is told by flushOrFail.`,
        ),
      ),
    );

    const leave = Effect.gen(function* () {
      const limit = patience.lost ? Duration.zero : shutdownTimeout;
      const done = yield* flush.pipe(Effect.interruptible, Effect.timeoutOption(limit));
      if (done._tag === "None") patience.lost = true;
      yield* Fiber.interrupt(sending);
      const { pending, ...others } = summary();
      if (pending > 0) {
        const why = account.trouble === undefined ? "" : ` (${account.trouble.message})`;
        yield* log.directory === undefined
          ? Effect.logError(
              `${pending} events of ${slug} could not be delivered${why} and are lost: the spool is in memory.`,
            )
          : Effect.logWarning(
              `${pending} events of ${slug} could not be delivered yet${why}. They are kept; the next process on the spool sends them, or:\n  npx syvain-metrics-effect resend --spool ${quoted(log.directory)}`,
            );
      }
      const lost = lostInWords(others);
      if (lost.length > 0) yield* Effect.logWarning(`Of ${slug}: ${lost.join(", ")}.`);
    });
    yield* Effect.addFinalizer(() => leave);

    const say = (status: RunStatus) => offer("status", encodeStatus(status));

    return {
      experiment,
      metric: (name, value, options = none) =>
        Effect.suspend(() => offer("metric", encodedMetric(name, value, options))),
      metricUnsafe: (name, value, options = none) => {
        const event = encodedMetric(name, value, options);
        return event !== undefined && log.offerUnsafe("metric", event);
      },
      annotation: (text, options = none) =>
        Effect.suspend(() => offer("annotation", encodedAnnotation(text, options))),
      run: (effect) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.andThen(
            say("running"),
            Effect.onExit(restore(effect), (exit) => say(statusOf(exit))),
          ),
        ),
      flush,
      flushOrFail,
      summary: Effect.sync(summary),
    };
  });

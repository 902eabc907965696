import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Semaphore from "effect/Semaphore";
import type { Collector, Recovery } from "../../Collector.ts";
import type { Spool } from "../../Spool.ts";
import type { SpoolError } from "../spool/spoolError.ts";
import type { Limits } from "../spool/intake.ts";
import type { Leftover } from "../spool/log.ts";
import { encodeStatus } from "../spool/status.ts";
import type { Post } from "./delivery.ts";
import { newAccount, Sender } from "./sender.ts";

interface Adopted {
  readonly leftover: Leftover;
  readonly sender: Sender;
  /** Why it could not be put away, as it was last said. */
  trouble: string | undefined;
}

/** How many experiments are sent to at a time. */
const concurrency = 4;

/** Sends what earlier processes left. */
export const makeRecovery = (options: {
  readonly spool: Spool["Service"];
  readonly host: string;
  readonly limits: Limits;
  readonly post: (experimentId: string) => Post;
}) => {
  const { spool, host, limits } = options;
  const adopted = new Set<Adopted>();
  const account = newAccount();
  const oneAtATime = Semaphore.makeUnsafe(1);

  const stand = (): Recovery => {
    let remaining = 0;
    for (const { leftover } of adopted) remaining += leftover.remaining();
    return { delivered: account.delivered, refused: account.refused, remaining };
  };

  /** Answers how many logs were left to owners that are, or may be, alive. */
  const adopt = (tell: () => void): Effect.Effect<number, SpoolError> =>
    Effect.map(Effect.uninterruptible(spool.adopt(host, limits)), ({ leftovers, owned }) => {
      for (const leftover of leftovers) {
        const post = options.post(leftover.destination.experimentId);
        const sender = new Sender(leftover, post, account, () => tell());
        adopted.add({ leftover, sender, trouble: undefined });
      }
      return owned;
    });

  const send = (one: Adopted): Effect.Effect<void> =>
    Effect.gen(function* () {
      const { leftover, sender } = one;
      if ((yield* sender.drain) !== undefined) {
        if (!(yield* leftover.isHere)) adopted.delete(one);
        return;
      }
      const { experimentId } = leftover.destination;
      if (leftover.interrupted) {
        yield* options.post(experimentId)("status", encodeStatus("failed"));
      }
      yield* leftover.remove;
      adopted.delete(one);
    }).pipe(
      Effect.catch((error) => {
        if (one.trouble === error.message) return Effect.void;
        one.trouble = error.message;
        const { slug } = one.leftover.destination;
        return Effect.logWarning(`What was left of ${slug} cannot be put away: ${error.message}`);
      }),
    );

  const sendAll = Effect.suspend(() => {
    const byExperiment = new Map<string, Array<Adopted>>();
    for (const one of adopted) {
      const { experimentId } = one.leftover.destination;
      const ofThis = byExperiment.get(experimentId) ?? [];
      byExperiment.set(experimentId, [...ofThis, one]);
    }
    // Of one experiment in order, so that what is said last of its runs is what was last.
    return Effect.forEach(
      byExperiment.values(),
      (ofThis) => Effect.forEach(ofThis, send, { discard: true }),
      { concurrency, discard: true },
    );
  });

  const recover: Collector["Service"]["recover"] = (onProgress) =>
    Effect.gen(function* () {
      const tell = () => onProgress?.(stand());
      const owned = yield* adopt(tell);
      tell();
      yield* sendAll;
      if (owned > 0) {
        // One that was killed a moment ago still looks alive.
        yield* Effect.sleep(Duration.times(spool.lease, 1.1));
        yield* adopt(tell);
        tell();
        yield* sendAll;
      }
      return stand();
    }).pipe(oneAtATime.withPermits(1));

  const forever = Effect.gen(function* () {
    yield* adopt(() => {});
    yield* sendAll;
  }).pipe(
    oneAtATime.withPermits(1),
    Effect.catch((error) => Effect.logWarning(error.message)),
    Effect.repeat(Schedule.spaced(Duration.max(spool.lease, Duration.seconds(1)))),
  );

  const release = Effect.suspend(() =>
    Effect.forEach(adopted, ({ leftover }) => leftover.release, { discard: true }),
  );

  return { recover, forever, release };
};

import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Semaphore from "effect/Semaphore";
import type { Leftover, Limits, Recipient, Spool, SpoolError } from "../spool/service.ts";
import type { Send } from "./delivery.ts";
import { newTally, Sender } from "./sender.ts";
import type { Collector, Recovery } from "./service.ts";

interface Adopted {
  readonly leftover: Leftover;
  readonly send: Send;
  readonly sender: Sender;
  /** Why it is still kept, as it was last warned of. */
  warning: string | undefined;
}

/** How many experiments are sent to at a time. */
const concurrency = 4;

/** Sends what earlier processes left. */
export const makeRecovery = (options: {
  readonly spool: Spool["Service"];
  readonly recipient: Recipient;
  readonly limits: Limits;
  readonly sendTo: (experimentId: string) => Send;
  /** What is said of a run whose process was killed. */
  readonly killed: Effect.Effect<string>;
}) => {
  const { spool, recipient, limits, sendTo } = options;
  const adopted = new Set<Adopted>();
  const tally = newTally();
  const oneAtATime = Semaphore.makeUnsafe(1);

  const progress = (): Recovery => {
    let remaining = 0;
    for (const { leftover } of adopted) remaining += leftover.remaining();
    return { delivered: tally.delivered, refused: tally.refused, remaining };
  };

  /** Answers how many logs were left to owners that are, or may be, alive. */
  const adopt = (onChange: () => void): Effect.Effect<number, SpoolError> =>
    Effect.map(Effect.uninterruptible(spool.adopt(recipient, limits)), ({ leftovers, owned }) => {
      for (const leftover of leftovers) {
        const send = sendTo(leftover.destination.experimentId);
        adopted.add({
          leftover,
          send,
          sender: new Sender(leftover, send, tally, onChange),
          warning: undefined,
        });
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
      if (leftover.interrupted) {
        const entry = yield* Effect.flatMap(options.killed, leftover.end);
        yield* one.send("ended", entry);
      }
      yield* leftover.remove;
      adopted.delete(one);
    }).pipe(
      Effect.catch((error) => {
        if (one.warning === error.message) return Effect.void;
        one.warning = error.message;
        const { slug } = one.leftover.destination;
        return Effect.logWarning(`What was left of ${slug} is kept: ${error.message}`);
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
      const onChange = () => onProgress?.(progress());
      const owned = yield* adopt(onChange);
      onChange();
      yield* sendAll;
      if (owned > 0) {
        // One that was killed a moment ago still looks alive.
        yield* Effect.sleep(Duration.times(spool.lease, 1.1));
        yield* adopt(onChange);
        onChange();
        yield* sendAll;
      }
      return progress();
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

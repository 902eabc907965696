import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Semaphore from "effect/Semaphore";
import { idleSleep } from "../base/idleSleep.ts";
import { bytesOf } from "../base/utf8.ts";
import { isStatus } from "../spool/block.ts";
import type {
  LeftAlone,
  Leftover,
  Limits,
  Recipient,
  Spool,
  SpoolError,
} from "../spool/service.ts";
import { newTally, Sender } from "./sender.ts";
import type { Collector, Recovery } from "./service.ts";
import type { Connection, Send, SendError } from "./uplink.ts";

interface Adopted {
  readonly leftover: Leftover;
  readonly send: Send;
  readonly close: Connection["close"];
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
  readonly connect: (leftover: Leftover) => Connection;
  /** Whether the experiment is recorded into by this process. */
  readonly isRecorded: (slug: string) => boolean;
  /** What is said of a run whose process was killed. */
  readonly killed: Effect.Effect<string>;
}) => {
  const { spool, recipient, limits, connect, isRecorded } = options;
  const adopted = new Set<Adopted>();
  const tally = newTally();
  const oneAtATime = Semaphore.makeUnsafe(1);

  const progress = (leftAlone: ReadonlyArray<LeftAlone>): Recovery => {
    let remaining = 0;
    for (const { leftover } of adopted) remaining += leftover.remaining();
    return { delivered: tally.delivered, refused: tally.refused, remaining, leftAlone };
  };

  /** Of several runs of an experiment the last one says where it stands, and one that is under way here before all. */
  const isLast = (leftover: Leftover): boolean => {
    const { slug } = leftover.destination;
    if (isRecorded(slug)) return false;
    const runs = Array.from(adopted, (one) => one.leftover).filter(
      ({ destination, isOfRun }) => destination.slug === slug && isOfRun,
    );
    return runs.at(-1) === leftover;
  };

  const warned = new Set<string>();
  const warnOf = ({ path, detail, reason }: LeftAlone): Effect.Effect<void> => {
    if (reason === "owned" || warned.has(path)) return Effect.void;
    warned.add(path);
    return reason === "other"
      ? Effect.logInfo(`${path} is left alone: ${detail}`)
      : Effect.logWarning(`${path} is left alone, as it cannot be read: ${detail}`);
  };

  const adopt = (onChange: () => void): Effect.Effect<ReadonlyArray<LeftAlone>, SpoolError> =>
    Effect.gen(function* () {
      const { leftovers, leftAlone } = yield* spool.adopt(recipient, limits);
      for (const leftover of leftovers) {
        const connection = connect(leftover);
        const send: Send = (kind, entries) =>
          (kind === "killed" || isStatus(kind)) && !isLast(leftover)
            ? Effect.succeed({ refused: [] })
            : connection.send(kind, entries);
        adopted.add({
          leftover,
          send,
          close: connection.close,
          sender: new Sender(leftover, send, tally, onChange),
          warning: undefined,
        });
      }
      yield* Effect.forEach(leftAlone, warnOf, { discard: true });
      return leftAlone;
    }).pipe(Effect.uninterruptible);

  const sayKilled = ({ leftover, send }: Adopted): Effect.Effect<void, SendError> =>
    Effect.flatMap(options.killed, leftover.end).pipe(
      Effect.flatMap((entry) => send("killed", bytesOf(entry))),
      Effect.flatMap(({ refused: [refusal] }) =>
        refusal === undefined
          ? Effect.void
          : Effect.logError(
              `That ${leftover.destination.slug} was killed is refused and not sent again: ${refusal.error.message}`,
            ),
      ),
    );

  const send = (one: Adopted): Effect.Effect<void> =>
    Effect.gen(function* () {
      const { close, leftover, sender } = one;
      if ((yield* sender.drain) !== undefined) {
        if (!(yield* leftover.isHere)) adopted.delete(one);
        return;
      }
      if (leftover.interrupted && isLast(leftover)) yield* sayKilled(one);
      yield* leftover.remove;
      adopted.delete(one);
      yield* close;
    }).pipe(
      Effect.catch((error) => {
        if (one.warning === error.message) return Effect.void;
        one.warning = error.message;
        const { slug } = one.leftover.destination;
        return Effect.logWarning(`What was left of ${slug} is kept: ${error.message}`);
      }),
    );

  const sendAll = Effect.suspend(() => {
    const bySlug = new Map<string, Array<Adopted>>();
    for (const one of adopted) {
      const { slug } = one.leftover.destination;
      const ofThis = bySlug.get(slug);
      if (ofThis === undefined) bySlug.set(slug, [one]);
      else ofThis.push(one);
    }
    return Effect.forEach(
      bySlug.values(),
      // Of one experiment in order.
      (ofThis) => Effect.forEach(ofThis, send, { discard: true }),
      { concurrency, discard: true },
    );
  });

  const recover: Collector["Service"]["recover"] = (onProgress) =>
    Effect.gen(function* () {
      let leftAlone: ReadonlyArray<LeftAlone> = [];
      const onChange = () => onProgress?.(progress(leftAlone));
      const round = Effect.gen(function* () {
        leftAlone = yield* adopt(onChange);
        onChange();
        yield* sendAll;
      });
      yield* round;
      if (leftAlone.some(({ reason }) => reason === "owned")) {
        // One that was killed a moment ago still looks alive.
        yield* Effect.sleep(Duration.times(spool.lease, 1.1));
        yield* round;
      }
      return progress(leftAlone);
    }).pipe(oneAtATime.withPermits(1));

  const every = Duration.max(spool.lease, Duration.seconds(1));
  const forever = Effect.andThen(
    adopt(() => {}),
    sendAll,
  ).pipe(
    oneAtATime.withPermits(1),
    Effect.catch((error) => Effect.logWarning(error.message)),
    Effect.andThen(idleSleep(every)),
    Effect.forever,
  );

  const release = Effect.suspend(() =>
    Effect.forEach(adopted, ({ leftover }) => leftover.release, { discard: true }),
  );

  return { recover, forever, release };
};

import * as Effect from "effect/Effect";
import type { Noted } from "./note.ts";
import type { OpenedExperiment } from "./service.ts";
import type { SendError } from "./uplink.ts";

/** What the service says of an experiment that matters to where a run stands. */
export type Standing = Pick<OpenedExperiment, "status" | "startedAt">;

export interface Telling<S extends Standing, R> {
  readonly slug: string;
  readonly kind: "started" | "ended" | "killed";
  readonly noted: Noted;
  /** The experiment when it was opened, where it was opened before the run began. */
  readonly known: Standing | undefined;
  /** When the run began by the clock of its recorder; Unix milliseconds. */
  readonly recordedAt: number | undefined;
  /** How the experiment stands now. */
  readonly ask: Effect.Effect<S, SendError, R>;
  /** Whether the service has heard it, though the answer was lost. Default: telling it twice does no harm. */
  readonly isSaid?: (standing: S) => boolean;
  /** Answers how the experiment stands then, if the run has just begun. */
  readonly say: Effect.Effect<Standing | undefined, SendError, R>;
}

export const startOf = (standing: Standing | undefined): number | undefined =>
  standing?.startedAt?.epochMilliseconds;

/**
 * Where the run stands is said unless another run of the experiment began after it: that one's word counts. What the
 * service says of its beginning is the evidence, as clocks differ: it is not the beginning of another run if it is
 * what was there when the experiment was opened, what this run said, or what the service answered to that.
 */
export const tell = <S extends Standing, R>({
  ask,
  isSaid,
  kind,
  known,
  noted,
  recordedAt,
  say,
  slug,
}: Telling<S, R>): Effect.Effect<void, SendError, R> =>
  Effect.gen(function* () {
    const now = yield* ask;
    const theirs = startOf(now);
    const ours = kind === "started" ? recordedAt : noted.now.startedAt;
    if (isSaid?.(now) === true) {
      if (kind === "started") yield* noted.keep({ startedAt: theirs ?? ours ?? 0 });
      return;
    }
    const isLater = theirs !== undefined && ours !== undefined && theirs > ours;
    const isEarlier =
      kind === "started" && (theirs === startOf(known) || theirs === noted.now.startedAt);
    if (isLater && !isEarlier) {
      yield* Effect.logInfo(
        `A newer run of ${slug} has begun: how an older one ${kind === "started" ? "began" : "ended"} is not said.`,
      );
      if (kind === "started") yield* noted.keep({ startedAt: ours });
      return;
    }
    if (kind === "killed" && (now.status === "done" || now.status === "error")) return;
    const then = yield* say;
    if (kind === "started") yield* noted.keep({ startedAt: startOf(then) ?? ours ?? 0 });
  });

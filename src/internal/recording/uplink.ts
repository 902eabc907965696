import type * as Effect from "effect/Effect";
import type { MetricsApiError, MetricsApiRequestError } from "../base/errors.ts";
import type { Issue } from "../base/issue.ts";
import type { Kind, Outgoing, Recipient } from "../spool/service.ts";
import type { Experiment } from "../wire/v1/experiment.ts";
import type { FolderPathError } from "./errors.ts";
import type { RunStatus } from "./runStatus.ts";
import type { AnnotationOptions, EventOptions, ExperimentInput } from "./service.ts";

/**
 * Writes down what one recorder records, as an entry of a spool, or says why it is left out: what is written is what is
 * sent, whenever that is.
 */
export interface Encoder {
  /** In UTF-8, and good until the next one is encoded. */
  readonly metric: (
    name: string,
    value: number,
    options: EventOptions,
    now: number,
  ) => Uint8Array | Issue;
  readonly annotation: (text: string, options: AnnotationOptions, key: string) => string | Issue;
}

/** Why entries are not sent, or an experiment is not there to send them to. */
export type SendError = MetricsApiError | FolderPathError;

/**
 * Sends entries of one kind, as they stand in a spool: some metrics, or one of another kind. That a run was `killed`
 * is said only where nothing else is known of its end. Answers why the service will not have them, whenever they are
 * sent; it fails when they may be sent again.
 */
export type Send = (
  kind: Kind | "killed",
  entries: Uint8Array,
) => Effect.Effect<MetricsApiRequestError | undefined, SendError>;

/** The way of one log to its experiment. */
export interface Connection {
  /** As it was when it was opened; opened now where nobody has yet. */
  readonly experiment: Effect.Effect<Experiment, SendError>;
  readonly send: Send;
}

/**
 * How recording speaks one generation of the API: what its entries in a spool say, and how they are sent. The `key`
 * of an entry is the `Idempotency-Key` that it is sent under, however often.
 */
export interface Uplink {
  /** Noted in every log, and sent to from no other. */
  readonly recipient: Recipient;
  /** How many metrics one request takes. */
  readonly maxEvents: number;
  /** Creates the experiment, or finds it by its slug. */
  readonly open: (input: ExperimentInput) => Effect.Effect<Experiment, SendError>;
  /** What is noted with a new log: enough to open its experiment later where it is not open yet. */
  readonly note: (input: ExperimentInput, experiment: Experiment | undefined) => string;
  readonly connect: (
    log: Pick<Outgoing, "destination" | "note" | "keepNote">,
    experiment?: Experiment,
  ) => Connection;
  readonly encoder: (slug: string) => Encoder;
  readonly encodeStatus: (status: RunStatus, key: string, now: number) => string;
}

import * as Effect from "effect/Effect";
import { type MetricsApiError, MetricsApiRequestError } from "../base/errors.ts";
import type { Issue } from "../base/issue.ts";
import type { Kind, Outgoing, Recipient } from "../spool/service.ts";
import type { Operation } from "../wire/operation.ts";
import type { FolderPathError } from "./errors.ts";
import type { RunStatus } from "./runStatus.ts";
import type {
  AnnotationOptions,
  EventOptions,
  ExperimentInput,
  OpenedExperiment,
} from "./service.ts";

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

/** Why the service will not have an entry, whenever it is sent. */
export interface Refusal {
  readonly error: MetricsApiRequestError;
  /** Which one of those that were sent; where that is not known, there is no other refusal. */
  readonly index?: number;
}

/** What became of the entries that were sent together: the others are stored. */
export interface Sent {
  readonly refused: ReadonlyArray<Refusal>;
  /** Those that may be sent again, and why. */
  readonly left?: {
    readonly indexes: ReadonlyArray<number>;
    readonly error: SendError;
  };
}

/**
 * Sends entries of one kind, as they stand in a spool: some metrics, or one of another kind. That a run was `killed`
 * is said only where nothing else is known of its end. It fails when all of them may be sent again.
 */
export type Send = (kind: Kind | "killed", entries: Uint8Array) => Effect.Effect<Sent, SendError>;

/** The way of one log to its experiment. */
export interface Connection {
  /** As it was when it was opened; opened now where nobody has yet. */
  readonly experiment: Effect.Effect<OpenedExperiment, SendError>;
  readonly send: Send;
  /** Nothing is sent any more: gives back what the service gave for it. */
  readonly close: Effect.Effect<void>;
}

/** An experiment that is open, and whatever else is needed to write it. */
export interface Opened {
  readonly experiment: OpenedExperiment;
}

/**
 * How recording speaks one generation of the API: what its entries in a spool say, and how they are sent. The `key`
 * of an entry is what it is sent under, however often.
 */
export interface Uplink<O extends Opened = Opened> {
  /** Noted in every log, and sent to from no other. */
  readonly recipient: Recipient;
  /** How many metrics one request takes. */
  readonly maxEvents: number;
  /** How many bytes of entries it takes, unless the user says so. */
  readonly maxBytes: number;
  /** Creates the experiment, or finds it by its slug. */
  readonly open: (input: ExperimentInput) => Effect.Effect<O, SendError>;
  readonly connect: (
    log: Pick<Outgoing, "destination" | "note" | "keepNote">,
    opened?: O,
  ) => Connection;
  readonly encoder: (slug: string) => Encoder;
  readonly encodeStatus: (status: RunStatus, key: string, now: number) => string;
}

// -----------------------------------------------------------------------------
// Refusals
// -----------------------------------------------------------------------------

/**
 * The service understood and will not have it: as a whole because it is too large, or for the sake of an event in it.
 * What it says of opening the experiment, or of a key for it, is not about what is sent.
 */
export const isTooMuchOrWrong =
  ({ name }: Operation) =>
  (error: SendError): error is MetricsApiRequestError =>
    error instanceof MetricsApiRequestError &&
    error.operation === name &&
    (error.status === 413 || error.status === 422 || error.status === 400);

/** Why it was refused, if it was. */
export const unlessRefused = <R>(
  isRefusal: (error: SendError) => error is MetricsApiRequestError,
  sending: Effect.Effect<unknown, SendError, R>,
): Effect.Effect<MetricsApiRequestError | undefined, SendError, R> =>
  Effect.catchIf(Effect.as(sending, undefined), isRefusal, (error) => Effect.succeed(error));

import type * as Effect from "effect/Effect";
import type { MetricsApiError } from "../base/errors.ts";
import type { Issue } from "../base/issue.ts";
import type { Kind, Recipient } from "../spool/service.ts";
import type { Experiment } from "../wire/v1/experiment.ts";
import type { FolderPathError } from "./errors.ts";
import type { RunStatus } from "./runStatus.ts";
import type { AnnotationOptions, EventOptions, ExperimentInput } from "./service.ts";

/** An entry of a spool, or why the event is left out. */
export type Encoded = string | Issue;

/** Writes down what one recorder records: what is written is what is sent, whenever that is. */
export interface Encoder {
  readonly metric: (name: string, value: number, options: EventOptions, now: number) => Encoded;
  readonly annotation: (text: string, options: AnnotationOptions, key: string) => Encoded;
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
  readonly open: (
    input: ExperimentInput,
  ) => Effect.Effect<Experiment, MetricsApiError | FolderPathError>;
  readonly encoder: (slug: string) => Encoder;
  readonly encodeStatus: (status: RunStatus, key: string, now: number) => string;
  /** Sends entries of one kind, as they stand in a spool: some metrics, or one of another kind. */
  readonly send: (
    experimentId: string,
    kind: Kind,
    entries: string,
  ) => Effect.Effect<void, MetricsApiError>;
}

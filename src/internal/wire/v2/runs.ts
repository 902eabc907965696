import type * as DateTime from "effect/DateTime";
import * as Schema from "effect/Schema";
import { fitsUtf8 } from "../../base/fitsUtf8.ts";
import {
  always,
  Id,
  Metadata,
  NonNegativeInt,
  optional,
  text,
  Timestamp,
  TimestampInput,
} from "../schema.ts";
import { Nothing } from "./folders.ts";
import { defineEvent, experimentEvent, organizationEvent } from "./generation.ts";

// -----------------------------------------------------------------------------
// Tokens
// -----------------------------------------------------------------------------

const token = Schema.RedactedFromValue(Schema.String, { label: "experimentToken" });

/** How long a token lasts. */
const issued = { experimentToken: token, expiresAt: Timestamp };

export const openExperiment = defineEvent({
  ...organizationEvent,
  name: "Runs.open",
  summary:
    "Create an experiment, or reopen the one of this slug with another description and meta.",
  event: "syvain.v2.experiment.open",
  reply: "syvain.v2.experiment.opened",
  payload: Schema.Struct({
    slug: text(1, 200),
    description: always(text(0, 4000), ""),
    meta: always(Metadata, {}),
  }),
  success: Schema.Struct({ experimentId: Schema.String, ...issued }).pipe(
    Schema.encodeKeys({ expiresAt: "expiresAtMs" }),
  ),
  repeat: "once",
  secret: true,
});

export const refreshToken = defineEvent({
  ...organizationEvent,
  name: "Runs.refresh",
  summary: "A new token for one that still holds.",
  event: "syvain.v2.experiment.tokenRefresh",
  reply: "syvain.v2.experiment.tokenRefreshed",
  payload: Schema.Struct({ experimentId: Id, experimentToken: token }),
  success: Schema.Struct(issued).pipe(Schema.encodeKeys({ expiresAt: "expiresAtMs" })),
  // At worst it leaves a token that nobody uses.
  repeat: "idempotent",
  secret: true,
});

export const revokeToken = defineEvent({
  ...experimentEvent,
  name: "Runs.revoke",
  summary: "The token is no good any more.",
  event: "syvain.v2.experiment.tokenRevoke",
  reply: "syvain.v2.experiment.tokenRevoked",
  payload: Schema.Struct({ experimentId: Id }),
  success: Nothing,
  repeat: "once",
});

// -----------------------------------------------------------------------------
// Lifecycle
// -----------------------------------------------------------------------------

export const startExperiment = defineEvent({
  ...experimentEvent,
  name: "Runs.start",
  summary: "The experiment is running.",
  event: "syvain.v2.experiment.start",
  reply: "syvain.v2.experiment.started",
  payload: Schema.Struct({ experimentId: Id }),
  success: Nothing,
  repeat: "once",
});

export const endExperiment = defineEvent({
  ...experimentEvent,
  name: "Runs.done",
  summary: "The experiment is done.",
  event: "syvain.v2.experiment.done",
  reply: "syvain.v2.experiment.done",
  payload: Schema.Struct({ experimentId: Id }),
  success: Nothing,
  repeat: "once",
});

export const failExperiment = defineEvent({
  ...experimentEvent,
  name: "Runs.error",
  summary: "The experiment ended with an error.",
  event: "syvain.v2.experiment.error",
  reply: "syvain.v2.experiment.errored",
  payload: Schema.Struct({
    experimentId: Id,
    message: text(0, 8000),
    meta: always(Metadata, {}),
  }).pipe(Schema.encodeKeys({ message: "error" })),
  success: Nothing,
  repeat: "once",
});

// -----------------------------------------------------------------------------
// Annotations
// -----------------------------------------------------------------------------

/** The largest meta of an annotation, in UTF-8 bytes of compact JSON. */
const maxMetaBytes = 65_536;

const SmallMeta = Metadata.check(
  Schema.makeFilter((meta: Metadata) => fitsUtf8(JSON.stringify(meta), maxMetaBytes), {
    expected: `at most ${maxMetaBytes} UTF-8 bytes of JSON`,
  }),
);

export const annotateExperiment = defineEvent({
  ...experimentEvent,
  name: "Runs.annotate",
  summary: "Annotate the experiment.",
  event: "syvain.v2.experiment.annotate",
  reply: "syvain.v2.experiment.annotated",
  payload: Schema.Struct({
    experimentId: Id,
    annotation: text(1, 16_000),
    meta: always(SmallMeta, {}),
  }),
  success: Schema.Struct({ annotationId: Schema.String }),
  repeat: "once",
  timeout: "ingestTimeout",
});

// -----------------------------------------------------------------------------
// Metrics
// -----------------------------------------------------------------------------

/**
 * One measurement to store.
 *
 * @category models
 */
export interface MetricPoint {
  /** 1 to 500 characters (UTF-16 units). The service takes printable ASCII only, at most 256 bytes of it. */
  readonly name: string;
  /** Finite: JSON has no `NaN` and no infinities. */
  readonly value: number;
  /** A non-negative integer: the step of the training loop. */
  readonly step: number;
  /** Tells series of one name apart: at most 4,096 of them. Default: none. */
  readonly metadata?: { readonly [key: string]: string } | undefined;
  /** When it was, in 1970 or later. Default: now. */
  readonly timestamp?: DateTime.Utc | undefined;
  /**
   * 1 to 200 characters that no other event has: the service stores one event for each, however often it is sent.
   * Default: a new one, kept over every resend. Give one to send again what may have arrived, as after a restart.
   */
  readonly messageId?: string | undefined;
}

export const nameLength = { min: 1, max: 500 } as const;
export const idLength = { min: 1, max: 200 } as const;

/**
 * The schema of {@link MetricPoint}.
 *
 * @category models
 */
export const MetricPoint = Schema.Struct({
  name: text(nameLength.min, nameLength.max),
  value: Schema.Finite,
  step: NonNegativeInt,
  metadata: optional(Schema.Record(Schema.String, Schema.String)),
  timestamp: optional(TimestampInput),
  messageId: optional(text(idLength.min, idLength.max)),
})
  .pipe(
    Schema.encodeKeys({
      name: "metricName",
      value: "metricValue",
      metadata: "meta",
      timestamp: "timestampMs",
    }),
  )
  .annotate({ identifier: "MetricPoint" });

/** The `data` of one event, but for the id of the message. */
export interface MetricData {
  readonly experimentId: string;
  readonly timestampMs: number;
  readonly step: number;
  readonly metricName: string;
  readonly metricValue: number;
  readonly meta: { readonly [key: string]: string };
}

export const recordMetrics = defineEvent({
  ...experimentEvent,
  name: "Runs.metrics",
  summary: "Store metrics.",
  event: "syvain.v2.experiment.metric",
  reply: "syvain.v2.experiment.metricRecorded",
  payload: MetricPoint,
  success: Nothing,
  repeat: "idempotent",
  timeout: "ingestTimeout",
});

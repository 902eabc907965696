import type * as DateTime from "effect/DateTime";
import type * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import { define } from "./operation.ts";
import { Id, nextCursor, paged, Timestamp, wireStruct } from "./schema.ts";

/** An ingestion key as it is listed: what it is, never the key itself. */
export interface IngestionKeyInfo {
  readonly id: string;
  readonly experimentId: string;
  readonly createdAt: DateTime.Utc;
  /** `null` when it does not expire. */
  readonly expiresAt: DateTime.Utc | null;
  /** `null` while it is valid. */
  readonly revokedAt: DateTime.Utc | null;
}

export const IngestionKeyInfo = wireStruct({
  id: Id,
  experimentId: Id,
  createdAt: Timestamp,
  expiresAt: Schema.NullOr(Timestamp),
  revokedAt: Schema.NullOr(Timestamp),
}).annotate({ identifier: "IngestionKeyInfo" });

/** A new ingestion key. The service shows the key this one time. */
export interface IngestionKey {
  readonly id: string;
  readonly experimentId: string;
  readonly key: Redacted.Redacted;
  readonly createdAt: DateTime.Utc;
  /** `null` when it does not expire. */
  readonly expiresAt: DateTime.Utc | null;
}

export const IngestionKey = wireStruct({
  id: Id,
  experimentId: Id,
  key: Schema.RedactedFromValue(
    // What a header can carry (RFC 9110 5.5) and a bearer token may hold (RFC 6750 2.1).
    Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "visible ASCII" })),
  ),
  createdAt: Timestamp,
  expiresAt: Schema.NullOr(Timestamp),
}).annotate({ identifier: "IngestionKey" });

export const listIngestionKeys = define({
  name: "IngestionKeys.list",
  summary: "List the ingestion keys of an experiment.",
  method: "GET",
  path: "/experiments/:experiment_id/ingestion-keys",
  query: wireStruct(paged({})),
  success: wireStruct({ ingestionKeys: Schema.Array(IngestionKeyInfo), nextCursor }),
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

export const createIngestionKey = define({
  name: "IngestionKeys.create",
  summary: "Create an ingestion key of an experiment.",
  method: "POST",
  path: "/experiments/:experiment_id/ingestion-keys",
  // Nothing but `{}`: an empty struct would take any value.
  payload: Schema.Record(Schema.String, Schema.Never),
  success: wireStruct({ ingestionKey: IngestionKey }),
  status: 201,
  auth: "apiKey",
  retry: "keyed",
  timeout: "timeout",
  secret: true,
});

export const revokeIngestionKey = define({
  name: "IngestionKeys.revoke",
  summary: "Revoke an ingestion key.",
  method: "DELETE",
  path: "/experiments/:experiment_id/ingestion-keys/:ingestion_key_id",
  status: 204,
  auth: "apiKey",
  retry: "idempotent",
  timeout: "timeout",
});

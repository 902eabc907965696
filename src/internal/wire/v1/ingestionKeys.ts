import type * as DateTime from "effect/DateTime";
import type * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import { nullable, optional, text, Timestamp, wireStruct } from "../schema.ts";
import { defineV1 } from "./generation.ts";

/** The name of keys that nobody named. */
export const defaultKeyName = "SDK ingestion key";

/**
 * An ingestion key as it is listed: what it is, never the token itself.
 *
 * @category models
 */
export interface IngestionKey {
  readonly id: string;
  readonly experimentId: string;
  readonly name: string;
  readonly createdAt: DateTime.Utc;
  readonly expiresAt: DateTime.Utc;
  /** `null` while it is valid. */
  readonly revokedAt: DateTime.Utc | null;
  readonly lastUsedAt: DateTime.Utc | null;
}

/**
 * The schema of {@link IngestionKey}.
 *
 * @category models
 */
export const IngestionKey = wireStruct(
  {
    id: Schema.String,
    experimentId: Schema.String,
    name: Schema.String,
    createdAt: Timestamp,
    expiresAt: Timestamp,
    revokedAt: nullable(Timestamp),
    lastUsedAt: nullable(Timestamp),
  },
  {
    createdAt: "created_at_ms",
    expiresAt: "expires_at_ms",
    revokedAt: "revoked_at_ms",
    lastUsedAt: "last_used_at_ms",
  },
).annotate({ identifier: "IngestionKey" });

/**
 * A new ingestion key with its token, which the service shows this one time.
 *
 * @category models
 */
export interface IngestionCredential {
  readonly key: IngestionKey;
  readonly token: Redacted.Redacted;
}

/**
 * The schema of {@link IngestionCredential}.
 *
 * @category models
 */
export const IngestionCredential = wireStruct({
  key: IngestionKey,
  token: Schema.RedactedFromValue(
    // What a header can carry (RFC 9110 5.5) and a bearer token may hold (RFC 6750 2.1).
    Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/, { expected: "visible ASCII" })),
  ),
}).annotate({ identifier: "IngestionCredential" });

/** The longest that a key may live: 7 days, in milliseconds. */
const maxTtl = 604_800_000;

const Ttl = Schema.Int.check(
  Schema.makeFilter((ttl) => ttl >= 1 && ttl <= maxTtl, {
    expected: "1 millisecond to 7 days, in whole milliseconds",
  }),
);

export const listIngestionKeys = defineV1({
  name: "IngestionKeys.list",
  summary: "List the ingestion keys of an experiment.",
  method: "GET",
  path: "/experiments/:experiment_id/ingestion-keys",
  success: wireStruct({ keys: Schema.Array(IngestionKey) }),
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

export const createIngestionKey = defineV1({
  name: "IngestionKeys.create",
  summary: "Create an ingestion key of an experiment.",
  method: "POST",
  path: "/experiments/:experiment_id/ingestion-keys",
  payload: wireStruct({ name: text(1, 200), ttl: optional(Ttl) }, { ttl: "ttl_ms" }),
  success: IngestionCredential,
  status: 201,
  auth: "apiKey",
  // A second key is one that nobody uses and that expires. No server should keep the answer for an `Idempotency-Key`: it is a secret.
  repeat: "idempotent",
  timeout: "timeout",
  secret: true,
});

export const revokeIngestionKey = defineV1({
  name: "IngestionKeys.revoke",
  summary: "Revoke an ingestion key.",
  method: "DELETE",
  path: "/experiments/:experiment_id/ingestion-keys/:key_id",
  success: wireStruct({ key: IngestionKey }),
  status: 200,
  auth: "apiKey",
  repeat: "idempotent",
  timeout: "timeout",
});

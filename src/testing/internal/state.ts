/**
 * What the reference server remembers.
 */
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as DateTime from "effect/DateTime";
import * as Duration from "effect/Duration";
import * as Redacted from "effect/Redacted";
import type { Annotation } from "../../internal/contract/annotations.ts";
import type { Experiment } from "../../internal/contract/experiments.ts";
import type { Folder } from "../../internal/contract/folders.ts";
import type { IngestionKeyInfo } from "../../internal/contract/ingestionKeys.ts";
import type { Metric } from "../../internal/contract/metric.ts";

export interface StoredKey {
  readonly info: IngestionKeyInfo;
  readonly key: Redacted.Redacted;
}

/** Everything that belongs to one experiment. */
export interface Recorded {
  experiment: Experiment;
  /** By `client_event_id`, in order of arrival. */
  readonly metrics: Map<string, Metric>;
  readonly annotations: Array<Annotation>;
}

export interface State {
  readonly apiKey: Redacted.Redacted;
  readonly organization: { readonly id: string; readonly name: string };
  readonly ingestionKeyTtl: Duration.Duration;
  readonly folders: Map<string, Folder>;
  readonly experiments: Map<string, Recorded>;
  readonly ingestionKeys: Map<string, StoredKey>;
}

/** An id as the service makes them. */
export const newId = (): string => SecureRandom.uuidV4Unsafe();

/** A key that nobody guesses. */
export const newKey = (prefix: string): Redacted.Redacted => {
  const bytes = SecureRandom.randomBytesUnsafe(24);
  return Redacted.make(
    prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  );
};

export const isExpired = ({ info }: StoredKey, now: DateTime.Utc): boolean =>
  info.expiresAt !== null && DateTime.isLessThanOrEqualTo(info.expiresAt, now);

export const expiryOf = (now: DateTime.Utc, ttl: Duration.Duration): DateTime.Utc | null =>
  Duration.isFinite(ttl) ? DateTime.addDuration(now, ttl) : null;

import * as DateTime from "effect/DateTime";
import * as Duration from "effect/Duration";
import type { IngestionKey } from "./contract/ingestionKeys.ts";

/** How long before its expiry a key is renewed, in milliseconds. */
export const marginOf = (renewBefore: Duration.Input = "60 seconds"): number =>
  Duration.toMillis(renewBefore);

/** For how many milliseconds from now a key may be handed out. */
export const usableFor = ({ expiresAt }: IngestionKey, margin: number, now: number): number =>
  expiresAt === null ? Infinity : Math.max(0, DateTime.toEpochMillis(expiresAt) - margin - now);

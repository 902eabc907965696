/** What the server says when it is not the request that is wrong. */
import * as Effect from "effect/Effect";
import { StoreError } from "./store.ts";

export interface Outage {
  /** As in HTTP. */
  readonly status: 500 | 503 | 507;
  readonly message: string;
  readonly code: string;
  /** In milliseconds. */
  readonly retryAfterMs?: number;
}

const outages: { readonly [reason in StoreError["reason"]]: Outage } = {
  full: { status: 507, message: "there is no room to keep this", code: "store_full" },
  unavailable: {
    status: 503,
    message: "what the server keeps cannot be reached",
    code: "store_unavailable",
    retryAfterMs: 1000,
  },
  failed: { status: 500, message: "the server failed", code: "internal_error" },
};

export const outageOf = (defect: unknown): Outage =>
  outages[defect instanceof StoreError ? defect.reason : "failed"];

/** What a full disk or a database that is away says, it says of every request: a line is enough. */
export const report = (defect: unknown) =>
  defect instanceof StoreError && defect.reason !== "failed"
    ? Effect.logWarning(`The store: ${defect.message}`)
    : Effect.logError("The server failed", defect);

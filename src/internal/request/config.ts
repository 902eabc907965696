import * as Context from "effect/Context";
import type * as DateTime from "effect/DateTime";
import type * as Duration from "effect/Duration";
import type * as Redacted from "effect/Redacted";
import type { RetrySchedule } from "./policy.ts";
import type { RetryBudget } from "./retryBudget.ts";

/**
 * The configuration of the client. Its layers check what they are given; a value built by hand is used as it is.
 *
 * @category services
 */
export class ConfigService extends Context.Service<
  ConfigService,
  {
    readonly apiKey: Redacted.Redacted;
    /** An origin: scheme, host and port, and nothing behind them. */
    readonly host: string;
    /** Where the key came from. */
    readonly source: "apiKey" | "environment" | "local" | "local-dev";
    /** The organization of a saved login, where the login says it. */
    readonly orgId: string | undefined;
    /** When the saved login was made, where it says so. */
    readonly loginAt: DateTime.Utc | undefined;
    /** The limit of one attempt, reading the body included. */
    readonly timeout: Duration.Duration;
    /** The same for `Metrics.ingest` and `Annotations.create`. */
    readonly ingestTimeout: Duration.Duration;
    /** The limit over all attempts and waits of one call. */
    readonly deadline: Duration.Duration | undefined;
    /** The name of the ingestion keys that are minted. */
    readonly ingestionKeyName: string;
    readonly retry: RetrySchedule;
    /** What the retries of all calls are paid from. */
    readonly retryBudget: RetryBudget;
    /** The largest answer that is accepted, in bytes. */
    readonly maxResponseBytes: number;
    /** Whether requests carry the `traceparent` and `b3` headers of the current span. */
    readonly propagateTraces: boolean;
  }
>()("syvain-metrics-effect/ConfigService") {}

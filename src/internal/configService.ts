/**
 * The service by itself: what calls an endpoint does not load what reads the environment and saved logins.
 */
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import type * as Redacted from "effect/Redacted";
import type { RetrySchedule } from "../RequestPolicy.ts";
import type { RetryBudget } from "../RetryBudget.ts";

/** The configuration of the client. Its layers check what they are given; a value built by hand is used as it is. */
export class ConfigService extends Context.Service<
  ConfigService,
  {
    readonly apiKey: Redacted.Redacted;
    /** Scheme and host, and a path prefix if there is one, without a slash at the end. */
    readonly host: string;
    /** The limit of one attempt, reading the body included. */
    readonly timeout: Duration.Duration;
    /** The same for `Metrics.ingest` and `Annotations.create`. */
    readonly ingestTimeout: Duration.Duration;
    /** The limit over all attempts and waits of one call. */
    readonly deadline: Duration.Duration | undefined;
    readonly retry: RetrySchedule;
    /** What the retries of all calls are paid from. */
    readonly retryBudget: RetryBudget;
    /** The largest answer that is accepted, in bytes. */
    readonly maxResponseBytes: number;
    /** Whether requests carry the `traceparent` and `b3` headers of the current span. */
    readonly propagateTraces: boolean;
  }
>()("syvain-metrics-effect/ConfigService") {}

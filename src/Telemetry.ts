/**
 * What the calls of a program amount to, as metrics of effect: durations, retries, ingestion keys that had to be minted anew, and retries
 * that the budget did not allow. Off until a layer is provided; `layerLog` shows what is sent and answered. Every exporter of effect's metrics exports them, `OtlpMetrics` and
 * `PrometheusMetrics` among them.
 *
 * Spans need no layer: each call is one, named after it (`Experiments.create`), with an event for each retry.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Metric from "effect/Metric";
import { urlTemplate } from "./internal/wire/operation.ts";
import type { Exchange } from "./internal/request/exchange.ts";
import { MetricsObserver, type Observer } from "./internal/request/observer.ts";

import { serverOf } from "./internal/request/server.ts";

// -----------------------------------------------------------------------------
// Metrics
// -----------------------------------------------------------------------------

/** The boundaries that OpenTelemetry advises for `http.client.request.duration`, in seconds. */
const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * `http.client.request.duration`: how long each HTTP request took to be answered whole, in seconds.
 *
 * **Details**
 *
 * Attributes as OpenTelemetry's conventions for HTTP clients have them: `http.request.method`, `server.address`, `server.port`,
 * `url.template`, `http.response.status_code` when there was an answer, and `error.type`: the status of a failure, else `Timeout` or `Transport`.
 *
 * @category metrics
 */
export const requestDuration: Metric.Histogram<number> = Metric.histogram(
  "http.client.request.duration",
  { description: "Duration of HTTP client requests.", boundaries, attributes: { unit: "s" } },
);

/**
 * `syvain.client.call.duration`: how long each call took with all its attempts and waits, in seconds.
 *
 * **Details**
 *
 * Attributes: `syvain.operation` (`Experiments.create`), `server.address`, `server.port`, and `error.type`, the tag of the error's reason.
 *
 * @category metrics
 */
export const callDuration: Metric.Histogram<number> = Metric.histogram(
  "syvain.client.call.duration",
  {
    description: "Duration of calls, all attempts and waits.",
    boundaries: [...boundaries, 30, 60],
    attributes: { unit: "s" },
  },
);

const counter = (name: string, description: string): Metric.Counter<number> =>
  Metric.counter(name, { description, incremental: true });

/**
 * `syvain.client.retries`: retries, by `syvain.operation` and by `error.type`, the tag of the reason for trying again.
 *
 * @category metrics
 */
export const retries: Metric.Counter<number> = counter(
  "syvain.client.retries",
  "Requests that were made again.",
);

/**
 * `syvain.client.remints`: keys and tokens of experiments that the service refused and that were replaced, by
 * `syvain.operation`.
 *
 * @category metrics
 */
export const remints: Metric.Counter<number> = counter(
  "syvain.client.remints",
  "Refused ingestion keys that were replaced.",
);

/**
 * `syvain.client.retry_budget.exhausted`: retries that were not made because the `RetryBudget` was used up, by `syvain.operation`.
 *
 * @category metrics
 */
export const retryBudgetExhausted: Metric.Counter<number> = counter(
  "syvain.client.retry_budget.exhausted",
  "Retries that the budget did not allow.",
);

// -----------------------------------------------------------------------------
// Layer
// -----------------------------------------------------------------------------

const serverAttributes = ({ url }: Exchange) => {
  const server = serverOf(url);
  return { ...server, "server.port": String(server["server.port"]) };
};

const record = <Input>(
  metric: Metric.Metric<Input, unknown>,
  input: Input,
  attributes: Record<string, string>,
): Effect.Effect<void> => Metric.update(Metric.withAttributes(metric, attributes), input);

const make = (): Observer => {
  const begun = new WeakMap<Exchange, bigint>();
  return (event, exchange) => {
    const operation = { "syvain.operation": exchange.operation.name };

    const requestEnded = (attributes: Record<string, string>) =>
      Effect.flatMap(Clock.currentTimeNanos, (now) =>
        record(requestDuration, Number(now - (begun.get(exchange) ?? now)) / 1e9, {
          "http.request.method": exchange.operation.method,
          "url.template": urlTemplate(exchange.operation),
          ...serverAttributes(exchange),
          ...attributes,
        }),
      );
    const callEnded = (attributes: Record<string, string>) =>
      record(callDuration, (exchange.now() - exchange.startedAt) / 1000, {
        ...operation,
        ...serverAttributes(exchange),
        ...attributes,
      });

    switch (event._tag) {
      case "Attempt":
        return Effect.map(Clock.currentTimeNanos, (now) => void begun.set(exchange, now));
      case "Answer": {
        const status = String(event.answer.status);
        return requestEnded({
          "http.response.status_code": status,
          ...(event.answer.status >= 400 && { "error.type": status }),
        });
      }
      case "NoAnswer":
        return requestEnded({ "error.type": event.error.reason._tag });
      case "Retry":
        return record(retries, 1, { ...operation, "error.type": event.error.reason._tag });
      case "Remint":
        return record(remints, 1, operation);
      case "BudgetExhausted":
        return record(retryBudgetExhausted, 1, operation);
      case "Success":
        return callEnded({});
      case "Failure":
        return callEnded({ "error.type": event.error.reason._tag });
    }
  };
};

export { layerLog, type LogOptions } from "./internal/request/log.ts";

/**
 * Records the metrics of all calls below it.
 *
 * **Gotchas**
 *
 * A call that is interrupted is not recorded.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import * as Metric from "effect/Metric";
 * import { Auth, Telemetry } from "syvain-metrics-effect";
 *
 * const retries = Auth.status.pipe(
 *   Effect.andThen(Metric.value(Telemetry.retries)),
 *   Effect.provide(Telemetry.layer),
 * );
 * ```
 *
 * @category layers
 */
export const layer: Layer.Layer<never> = Layer.sync(MetricsObserver, make);

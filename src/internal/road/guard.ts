import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { MetricsApiRequestError } from "../../MetricsApiError.ts";
import type { Answer, Exchange } from "./exchange.ts";
import { serverOf } from "./server.ts";

/** Stands around every attempt, outside of its timeout: lets it pass, at once, later or not at all, and sees how it ends. */
export type Guard = (
  attempt: Effect.Effect<Answer, MetricsApiRequestError>,
  exchange: Exchange,
) => Effect.Effect<Answer, MetricsApiRequestError>;

const slot = (name: string): Context.Reference<Guard> =>
  Context.Reference<Guard>(`syvain-metrics-effect/guard/${name}`, {
    defaultValue: () => (attempt) => attempt,
  });

/** The service as guards know it, one for all calls to it. */
export const serviceOf = ({ url }: Exchange): string => {
  const server = serverOf(url);
  return `${server["server.address"]}:${server["server.port"]}`;
};

/** Those who may stand there. Each has a slot of its own, so that their layers can be merged. */
export const RateLimitGuard = slot("rate limit");
export const CircuitBreakerGuard = slot("circuit breaker");

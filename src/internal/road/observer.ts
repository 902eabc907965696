import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import type * as Effect from "effect/Effect";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import type { MetricsApiError, MetricsApiRequestError } from "../../MetricsApiError.ts";
import type { Answer, Exchange } from "./exchange.ts";

/** What happens to a call on its way. */
export type Happening =
  | { readonly _tag: "Attempt"; readonly request: HttpClientRequest }
  | { readonly _tag: "Answer"; readonly answer: Answer }
  | { readonly _tag: "NoAnswer"; readonly error: MetricsApiRequestError }
  | {
      readonly _tag: "Retry";
      readonly error: MetricsApiRequestError;
      readonly delay: Duration.Duration;
    }
  | { readonly _tag: "BudgetExhausted" }
  | { readonly _tag: "Remint" }
  | { readonly _tag: "Success"; readonly answer: Answer }
  | { readonly _tag: "Failure"; readonly error: MetricsApiError };

export type Observer = (happening: Happening, exchange: Exchange) => Effect.Effect<void>;

const slot = (name: string): Context.Reference<Observer | undefined> =>
  Context.Reference<Observer | undefined>(`syvain-metrics-effect/observer/${name}`, {
    defaultValue: () => undefined,
  });

/** Those who may watch. Each has a slot of its own, so that their layers can be merged. */
export const ResponseObserver = slot("response");
export const MetricsObserver = slot("metrics");
export const LogObserver = slot("log");

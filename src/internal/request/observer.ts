import * as Context from "effect/Context";
import type { Observer } from "./exchange.ts";

export type { Observer };

const slot = (name: string): Context.Reference<Observer | undefined> =>
  Context.Reference<Observer | undefined>(`syvain-metrics-effect/observer/${name}`, {
    defaultValue: () => undefined,
  });

/** Those who may watch. Each has a slot of its own, so that their layers can be merged. */
export const ResponseObserver = slot("response");
export const MetricsObserver = slot("metrics");
export const LogObserver = slot("log");

/**
 * The events of a soak: any of them can be made again from its number, which is its step, so that nobody has to keep
 * them.
 */
import type { MetricInput } from "../../src/Metrics.ts";

export interface Events {
  readonly events: number;
  /** Events in one call. */
  readonly batch: number;
  readonly experiments: number;
}

export const valueOf = (event: number): number => Math.sin(event) * 1000;

export const nameOf = "loss";

/** The `n`-th batch, which belongs to one of the experiments. */
export const eventsOf = (
  { events, batch, experiments }: Events,
  n: number,
): { readonly experiment: number; readonly metrics: ReadonlyArray<MetricInput> } => {
  const first = n * batch;
  const length = Math.min(batch, events - first);
  const metrics = Array.from({ length }, (_, i) => ({
    clientEventId: `event/${first + i}`,
    name: nameOf,
    value: valueOf(first + i),
    step: first + i,
    metadata: { split: "train" },
  }));
  return { experiment: n % experiments, metrics };
};

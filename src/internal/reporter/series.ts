import type * as Metric from "effect/Metric";

/** One number of a metric, and what tells it from the others of its name. */
export interface Point {
  readonly name: string;
  readonly value: number;
  readonly metadata: { readonly [key: string]: string };
}

/** The numbers of a metric, under the names and labels that OpenMetrics gives them. */
export const pointsOf = (metric: Metric.Metric.Snapshot): ReadonlyArray<Point> => {
  const { id: name } = metric;
  const metadata = { ...metric.attributes };
  const point = (suffix: string, value: number | bigint, more?: Point["metadata"]): Point => ({
    name: name + suffix,
    value: Number(value),
    metadata: more === undefined ? metadata : { ...metadata, ...more },
  });
  /** Nothing observed has no least and no greatest. */
  const spread = ({ count, max, min, sum }: Metric.HistogramState | Metric.SummaryState) => [
    point("_count", count),
    point("_sum", sum),
    ...(count === 0 ? [] : [point("_min", min), point("_max", max)]),
  ];
  switch (metric.type) {
    case "Counter":
      return [point("", metric.state.count)];
    case "Gauge":
      return [point("", metric.state.value)];
    case "Frequency":
      return Array.from(metric.state.occurrences, ([key, count]) => point("", count, { key }));
    case "Histogram":
      return [
        ...metric.state.buckets.map(([boundary, count]) =>
          point("_bucket", count, { le: String(boundary) }),
        ),
        ...spread(metric.state),
      ];
    case "Summary":
      return [
        ...metric.state.quantiles.flatMap(([quantile, value]) =>
          value === undefined ? [] : [point("", value, { quantile: String(quantile) })],
        ),
        ...spread(metric.state),
      ];
  }
};

/** The events that every contender sends or is sent: `plain`, or `full`, with a time and metadata. */

const start = Date.UTC(2026, 0, 1);

export const nameOf = "loss";
export const clientEventIdOf = (step: number): string => `loss/${step}`;
export const valueOf = (step: number): number => 1 / (step + 1);
/** Ten events of a millisecond. */
export const millisOf = (step: number): number => start + Math.floor(step / 10);
export const metadata = { split: "train" };

/** As the API wants them. */
export const onTheWire = {
  plain: (step: number) => ({
    client_event_id: clientEventIdOf(step),
    name: nameOf,
    value: valueOf(step),
    step,
  }),
  full: (step: number) => ({
    client_event_id: clientEventIdOf(step),
    name: nameOf,
    value: valueOf(step),
    step,
    timestamp_ms: millisOf(step),
    metadata,
  }),
};

/** Events in one request. */
export const batchSize = 1000;

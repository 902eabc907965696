import { PostHog } from "posthog-node";
import { contend, host, type Task } from "../support/contender.ts";
import { batchSize, clientEventIdOf, nameOf, valueOf } from "../support/events.ts";

/** It sends one batch at a time, and drops what its queue does not hold: the loop waits for each group of batches. */
const ingest: Task = async (count, concurrency) => {
  const group = batchSize * concurrency;
  const client = new PostHog("key", {
    host,
    flushAt: group * 2,
    maxBatchSize: batchSize,
    maxQueueSize: group * 2,
    flushInterval: 0,
    disableCompression: true,
  });
  let stored = 0;
  client.on("flush", (messages: ReadonlyArray<unknown>) => (stored += messages.length));
  for (let step = 0; step < count; step++) {
    client.capture({
      distinctId: "e",
      event: nameOf,
      properties: { client_event_id: clientEventIdOf(step), value: valueOf(step), step },
    });
    if ((step + 1) % group === 0) {
      // What was captured enters the queue a little later.
      await new Promise(setImmediate);
      await client.flush();
    }
  }
  await client.shutdown();
  if (stored !== count) throw new Error(`${stored} of ${count} were stored`);
};

contend({ "ingest plain": ingest });

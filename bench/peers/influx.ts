import { InfluxDB, Point } from "@influxdata/influxdb-client";
import { contend, host, type Task } from "../support/contender.ts";
import { batchSize, clientEventIdOf, millisOf, nameOf, valueOf } from "../support/events.ts";

/** It sends a batch as soon as it is full, however many are under way: the loop waits for a place. */
const ingest: Task = async (count, concurrency) => {
  let stored = 0;
  let free = concurrency;
  let wake = () => {};
  const api = new InfluxDB({ url: host, token: "key" }).getWriteApi("o", "b", "ms", {
    batchSize,
    flushInterval: 0,
    maxRetries: 0,
    gzipThreshold: Number.MAX_SAFE_INTEGER,
    writeSuccess: (lines) => {
      stored += lines.length;
      free++;
      wake();
    },
  });
  for (let step = 0; step < count; step++) {
    api.writePoint(
      new Point(nameOf)
        .stringField("client_event_id", clientEventIdOf(step))
        .floatField("value", valueOf(step))
        .intField("step", step)
        .timestamp(millisOf(step)),
    );
    if ((step + 1) % batchSize === 0 && --free === 0) {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  await api.close();
  // oxlint-disable-next-line no-unmodified-loop-condition -- writeSuccess does
  while (free < concurrency) await new Promise<void>((resolve) => (wake = resolve));
  if (stored !== count) throw new Error(`${stored} of ${count} were stored`);
};

contend({ "ingest plain": ingest });

import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { contend, host, type Task } from "../support/contender.ts";
import { batchSize, clientEventIdOf, millisOf, nameOf, valueOf } from "../support/events.ts";

/** It drops what its queue does not hold: the loop waits for each group of batches, which go out side by side. */
const ingest: Task = async (count, concurrency) => {
  const group = batchSize * concurrency;
  let stored = 0;
  const exporter = new OTLPLogExporter({
    url: `${host}/v1/logs`,
    concurrencyLimit: concurrency,
  });
  const send = exporter.export.bind(exporter);
  exporter.export = (records, done) =>
    send(records, (result) => {
      if (result.code === 0) stored += records.length;
      done(result);
    });
  const provider = new LoggerProvider({
    processors: [
      new BatchLogRecordProcessor({
        exporter,
        maxExportBatchSize: batchSize,
        maxQueueSize: group * 2,
        scheduledDelayMillis: 60_000,
      }),
    ],
  });
  const logger = provider.getLogger("bench");
  for (let step = 0; step < count; step++) {
    logger.emit({
      body: nameOf,
      timestamp: millisOf(step),
      attributes: { client_event_id: clientEventIdOf(step), value: valueOf(step), step },
    });
    if ((step + 1) % group === 0) await provider.forceFlush();
  }
  await provider.shutdown();
  if (stored !== count) throw new Error(`${stored} of ${count} were stored`);
};

contend({ "ingest plain": ingest });

import { InfluxDB, Point } from "@influxdata/influxdb-client";
import { contend, host } from "../support/contender.ts";
import { nextStep, tasksOf } from "../support/recording.ts";

// As many in a batch and in memory as the recorder has.
const api = new InfluxDB({
  url: host,
  token: "key",
}).getWriteApi("org", "bucket", "ms", {
  batchSize: 1000,
  flushInterval: 1000,
  maxBufferLines: 100_000,
});

contend(
  tasksOf(() => {
    const step = nextStep();
    api.writePoint(
      new Point("loss")
        .tag("split", "train")
        .floatField("value", 1 / step)
        .intField("step", step),
    );
  }),
);

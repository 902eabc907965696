/**
 * What the page of the server takes in a browser: the first draw of twelve charts, a tick of live updates, and memory
 * over minutes of those. Prints Markdown. Needs chromium.
 *
 * `npm run build && node bench/page.ts [points of a chart] [minutes]`, 1,000,000 and 10 by default. Each chart has ten
 * runs, which share its points; the server keeps them on disk.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Deferred, Effect, Fiber, Layer, Stream } from "effect";
import { FetchHttpClient } from "effect/http";
import type { Page } from "playwright-core";
import { Collector, Experiments, Metrics, Spool, SyvainMetrics } from "syvain-metrics-effect";
import { launch } from "../test/support/browser.ts";
import { heading, median, row } from "./support/contender.ts";

const points = Number(process.argv[2] ?? 1_000_000);
const minutes = Number(process.argv[3] ?? 10);
const [charts, runs, rounds] = [12, 10, 7];
const perSeries = Math.ceil(points / runs);
const names = Array.from({ length: charts }, (_, i) => `metric ${String(i).padStart(2, "0")}`);
const slugs = Array.from({ length: runs }, (_, i) => `run-${i}`);

// -----------------------------------------------------------------------------
// The server and what it has
// -----------------------------------------------------------------------------

const data = mkdtempSync(join(tmpdir(), "page-"));
const cli = join(import.meta.dirname, "../dist/cli.js");
const server = spawn(
  process.execPath,
  [cli, "serve", "--data", data, "--port", "0", "--api-key", "key"],
  { stdio: ["ignore", "pipe", "inherit"] },
);
let output = "";
for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
  output += String(chunk);
  if (output.includes("Ctrl-C")) break;
}
const host = /SYVAIN_METRICS_HOST=(\S+)/.exec(output)![1]!;

const client = SyvainMetrics.layer({ apiKey: "key", host }).pipe(
  Layer.provideMerge(FetchHttpClient.layer),
);

const valueOf = (step: number, run: number, metric: number) =>
  Math.exp(-step / perSeries) * (1 + run / 10) + Math.sin(step * 12.9898 + metric) * 0.1;

const eventsOf = function* (run: number) {
  for (let step = 0; step < perSeries; step++) {
    for (const [i, name] of names.entries()) {
      yield { clientEventId: `${name}/${step}`, name, value: valueOf(step, run, i), step };
    }
  }
};

console.error(`${(perSeries * runs * charts).toLocaleString("en")} events are written first`);
await Effect.runPromise(
  Effect.forEach(
    slugs,
    (slug, run) =>
      Effect.gen(function* () {
        const { experiment } = yield* Experiments.create({ slug, metadata: { seed: run } });
        yield* Metrics.ingestAll(experiment.id, Stream.fromIterable(eventsOf(run)));
      }),
    { concurrency: 2 },
  ).pipe(Effect.provide(client)),
);
// The server may have something to tidy up.
await new Promise((resolve) => setTimeout(resolve, 5000));

// -----------------------------------------------------------------------------
// The browser
// -----------------------------------------------------------------------------

interface Watched {
  /** When all charts were drawn for the first time, in milliseconds since the navigation began. */
  drawn: number | undefined;
  /** From the answer with new points to the frame that shows them. */
  readonly ticks: Array<number>;
}

/** Runs in the page, before any of its own code. */
const watch = ({ charts, runs }: { readonly charts: number; readonly runs: number }) => {
  const watched: Watched = { drawn: undefined, ticks: [] };
  Object.assign(globalThis, { watched });
  const whole = `.plot[aria-label*="${runs} lines"]`;
  const look = () => {
    if (document.querySelectorAll(whole).length < charts) return requestAnimationFrame(look);
    // What was drawn in this frame is on the screen when the next one begins.
    return requestAnimationFrame(() => {
      watched.drawn = performance.now();
    });
  };
  requestAnimationFrame(look);
  const { fetch } = globalThis;
  globalThis.fetch = async (...args) => {
    const response = await fetch(...args);
    if (!String(args[0]).endsWith("/api/view/series")) return response;
    response.json = async () => {
      const text = await response.text();
      const answered = performance.now();
      // The page draws in the next frame; the one after that begins when it is done.
      requestAnimationFrame(() =>
        requestAnimationFrame(() => watched.ticks.push(performance.now() - answered)),
      );
      return JSON.parse(text);
    };
    return response;
  };
};

const watchedOf = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { readonly watched: Watched }).watched);

const browser = await launch();
const open = async () => {
  // High enough for all charts: those below the screen would not be drawn.
  const page = await browser.newPage({ viewport: { width: 1600, height: 1400 } });
  await page.addInitScript(watch, { charts, runs });
  await page.goto(`${host}/#key=key`);
  const ids = await page.evaluate(async () => {
    const ask = (event: string, data: object) =>
      fetch("api/v2/events", {
        method: "POST",
        headers: { authorization: "Bearer key", "content-type": "application/json" },
        body: JSON.stringify([{ messageId: "1", event, data }]),
      }).then((response) => response.json());
    const [tree] = await ask("syvain.v2.foldertree.read", {});
    return tree.data.experiments.map((one: { experimentId: string }) => one.experimentId);
  });
  const chosen = (ids as ReadonlyArray<string>).map((id) => id.slice(0, 8)).join(".");
  return { page, url: `${host}/#r=${chosen}` };
};

const firstDraw = async (page: Page, url: string, cpu: () => Promise<number>) => {
  await page.goto("about:blank");
  const before = await cpu();
  await page.goto(url);
  await page.waitForFunction(
    () => (globalThis as unknown as { readonly watched: Watched }).watched.drawn !== undefined,
    undefined,
    { timeout: 120_000 },
  );
  const { drawn } = await watchedOf(page);
  const asked = await page.evaluate(() => {
    const all = performance.getEntriesByType("resource") as Array<PerformanceResourceTiming>;
    const series = all.filter(({ name }) => name.endsWith("/api/view/series"));
    return {
      waited: Math.max(...series.map(({ duration }) => duration)),
      answered: Math.max(...series.map(({ responseEnd }) => responseEnd)),
      bytes: series.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    };
  });
  return { drawn: drawn!, cpu: (await cpu()) - before, ...asked };
};

const [machine] = cpus();
console.log(`# The page, measured

${charts} charts of ${runs} runs, over ${points.toLocaleString("en")} points a chart, of a server on the same machine (${cpus().length} cores, ${machine!.model}), which keeps them on disk.
Chromium ${browser.version()}, without a screen and without a GPU. Run it again with \`npm run build && node bench/page.ts\`.
`);

const { page, url } = await open();
const MiB = 1024 * 1024;
const session = await page.context().newCDPSession(page);
await session.send("Performance.enable", { timeDomain: "threadTicks" });
/** Of the thread of the page, in use after a collection where memory is concerned. */
const measure = async () => {
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name: string) => metrics.find((one) => one.name === name)!.value;
  return {
    heap: of("JSHeapUsedSize") / MiB,
    nodes: of("Nodes"),
    listeners: of("JSEventListeners"),
    cpu: of("TaskDuration") * 1000,
  };
};

const cpu = async () => (await measure()).cpu;
const draws: Array<Awaited<ReturnType<typeof firstDraw>>> = [];
for (let round = 0; round <= rounds; round++) draws.push(await firstDraw(page, url, cpu));
// The first one is the warm-up.
const counted = draws.slice(1);
const ms = (value: number) => `${value.toFixed(0)} ms`;
const middle = (pick: (draw: (typeof draws)[number]) => number) => ms(median(counted.map(pick)));

console.log(`## First draw

From the begin of the navigation, files of the page in the browser's cache, to the frame with every line of every chart on the screen. Medians of ${rounds}.
`);
heading(
  "all of it",
  "of that, the series asked for and answered",
  "from the answer to the picture",
  "CPU of the page's thread",
  "over the wire",
);
row(
  middle(({ drawn }) => drawn),
  middle(({ waited }) => waited),
  middle(({ answered, drawn }) => drawn - answered),
  middle(({ cpu }) => cpu),
  `${(counted[0]!.bytes / 1e6).toFixed(2)} MB`,
);

// -----------------------------------------------------------------------------
// Live
// -----------------------------------------------------------------------------

const pace = 200;
const stop = Deferred.makeUnsafe<void>();
const recording = Effect.runFork(
  Effect.gen(function* () {
    const recorders = yield* Effect.forEach(slugs, (slug) => Collector.experiment({ slug }));
    for (let step = perSeries; !(yield* Deferred.isDone(stop)); step++) {
      for (const [run, recorder] of recorders.entries()) {
        for (const [i, name] of names.entries()) {
          yield* recorder.metric(name, valueOf(step, run, i), { step });
        }
      }
      yield* Effect.sleep(pace);
    }
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Collector.layer({ interval: "500 millis" }).pipe(
        Layer.provide(Spool.layerMemory()),
        Layer.provide(client),
      ),
    ),
  ),
);

const samples: Array<{ readonly minute: number } & Awaited<ReturnType<typeof measure>>> = [];
const ticksAtFirst = (await watchedOf(page)).ticks.length;
const cpuAtFirst = await cpu();
const startedAt = performance.now();
for (let minute = 0; minute <= minutes; minute++) {
  // The first sample is of a page that has begun to follow.
  await new Promise((resolve) => setTimeout(resolve, minute === 0 ? 15_000 : 60_000));
  await session.send("HeapProfiler.collectGarbage");
  samples.push({ minute, ...(await measure()) });
}
const seconds = (performance.now() - startedAt) / 1000;
const ticks = (await watchedOf(page)).ticks.slice(ticksAtFirst);
const sorted = ticks.toSorted((a, b) => a - b);
const part = (share: number) => ms(sorted[Math.floor(sorted.length * share)]!);
const used = samples.at(-1)!.cpu - cpuAtFirst;

console.log(`
## A live tick

All ${charts * runs} series grow, ${1000 / pace} times a second; the page asks each second. From the answer with what is new to the begin of the frame after the one that shows it, of ${ticks.length} ticks; and the CPU time of the page's thread, all that it does included.
`);
heading("median", "95th of 100", "99th of 100", "CPU for each tick");
row(part(0.5), part(0.95), part(0.99), ms(used / ticks.length));

console.log(`
## Memory

While that goes on, after a garbage collection: ${(seconds / 60).toFixed(1)} minutes, ${(ticks.length * charts * runs).toLocaleString("en")} updates of a series.
`);
heading("minute", "heap, MiB", "nodes", "listeners");
for (const { heap, listeners, minute, nodes } of samples)
  row(minute, heap.toFixed(1), nodes, listeners);

await Effect.runPromise(Deferred.succeed(stop, undefined));
await Effect.runPromise(Fiber.await(recording));
await browser.close();
server.kill("SIGTERM");
await once(server, "exit");
rmSync(data, { recursive: true, force: true });

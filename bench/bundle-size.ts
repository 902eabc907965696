/**
 * What one endpoint call adds to a browser bundle (minified, gzip -9), beside the same program on bare effect and
 * beside the SDKs. Prints a table.
 *
 * `npm run build && npm ci --prefix bench/peers && node bench/bundle-size.ts`; the budget is 6 kB for the first
 * endpoint and 1 kB for each one more.
 */
import { bundlers, peers, programs } from "./support/bundle.ts";
import { heading, row } from "./support/contender.ts";

const rows = {
  "bare effect, one request by hand": programs.bareEffect,
  "`Experiments.create`": programs.oneEndpoint,
  "and `Folders.get`": programs.twoEndpoints,
  "and `Metrics.ingest` instead, with its key cache": programs.ingest,
  "`Collector`, which records over v1": programs.recorder,
  "`Experiments.create`, from the root": programs.root,
  "ky, one `post`": peers.ky,
  "`@anthropic-ai/sdk`, one call": peers.anthropic,
  "`openai`, one call": peers.openai,
  "`stripe`, one call": peers.stripe,
};

const kB = (bytes: number) => (bytes / 1000).toFixed(2);
const base = {
  esbuild: await bundlers.esbuild(programs.bareEffect),
  rolldown: await bundlers.rolldown(programs.bareEffect),
};
heading("program", "esbuild, kB", "over bare effect", "rolldown, kB", "over bare effect");
for (const [name, file] of Object.entries(rows)) {
  const esbuild = await bundlers.esbuild(file);
  const rolldown = await bundlers.rolldown(file);
  row(name, kB(esbuild), kB(esbuild - base.esbuild), kB(rolldown), kB(rolldown - base.rolldown));
}

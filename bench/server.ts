/**
 * What the server does with much to keep. Prints Markdown.
 *
 * `npm run build && node bench/server.ts [measure…] [name=number…]`; all measures when none is named.
 */
import { measureDisk } from "./server/disk.ts";
import { measureIngest } from "./server/ingest.ts";
import { measureKills } from "./server/kills.ts";
import { measureMemory } from "./server/memory.ts";
import { measurePeers } from "./server/peers.ts";
import { measureReads } from "./server/reads.ts";
import { measureStart } from "./server/start.ts";

/** Each takes how much it is to do, which `name=number` says, and prints a table. */
const measures: { readonly [name: string]: (size?: number) => Promise<void> } = {
  ingest: measureIngest,
  peers: measurePeers,
  memory: measureMemory,
  start: measureStart,
  reads: measureReads,
  kills: measureKills,
  disk: measureDisk,
};

const named = process.argv.slice(2).map((argument) => {
  const [name = "", size] = argument.split("=");
  return { name, size: size === undefined ? undefined : Number(size) };
});
for (const { name, size } of named.length === 0
  ? Object.keys(measures).map((name) => ({ name, size: undefined }))
  : named) {
  const measure = measures[name];
  if (measure === undefined) throw new Error(`There is no ${name}: ${Object.keys(measures)}`);
  console.log(`\n## ${name}\n`);
  await measure(size);
}
process.exit();

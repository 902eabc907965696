import { row } from "./contender.ts";

const MiB = 1024 * 1024;
const started = performance.now();

/** A row of what is in use after a collection (`--expose-gc`): by JavaScript, outside its heap, and of the machine. */
export const measureMemory = (events: number): void => {
  globalThis.gc?.();
  const { external, heapUsed, rss } = process.memoryUsage();
  row(
    events.toLocaleString("en"),
    (heapUsed / MiB).toFixed(1),
    (external / MiB).toFixed(1),
    (rss / MiB).toFixed(0),
    ((performance.now() - started) / 1000).toFixed(1),
  );
};

export const columns = ["heap, MiB", "outside it, MiB", "resident, MiB", "seconds"] as const;

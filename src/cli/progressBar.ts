/** How far something has come: a bar that grows on a terminal, a line now and then elsewhere. */

/** In characters. */
const width = 30;
/** Between lines that are not on a terminal, in milliseconds. */
const pause = 5000;

export interface ProgressBar {
  readonly show: (done: number, total: number) => void;
  readonly end: () => void;
}

export const progressBar = (
  title: string,
  out: Pick<NodeJS.WriteStream, "isTTY" | "write"> = process.stderr,
  now: () => number = Date.now,
): ProgressBar => {
  const count = (n: number) => n.toLocaleString("en");
  let last = -Infinity;
  let shown = false;
  return {
    show: (done, total) => {
      if (total === 0) return;
      const percent = Math.floor((done / total) * 100);
      if (out.isTTY) {
        const filled = Math.round((done / total) * width);
        const bar = "█".repeat(filled) + "░".repeat(width - filled);
        out.write(`\r\x1b[2K${title} ${bar} ${percent} % (${count(done)} of ${count(total)})`);
        shown = true;
      } else if (now() - last >= pause) {
        last = now();
        out.write(`${title}: ${count(done)} of ${count(total)} events\n`);
      }
    },
    end: () => {
      if (shown) out.write("\n");
    },
  };
};

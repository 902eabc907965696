/** How far something has come: a bar that grows on a terminal, a line now and then elsewhere. */

/** What is over sooner has none to show, in milliseconds. */
const delay = 1000;
/** In characters. */
const width = 30;
/** Between lines that are not on a terminal, in milliseconds. */
const pause = 5000;
/** Between two states of a bar. */
const blink = 50;

export interface ProgressBar {
  /** Without a total there is no bar, and how much is done is told alone. */
  readonly show: (done: number, total: number | undefined) => void;
  readonly end: () => void;
}

export interface Options {
  /** What is counted. */
  readonly unit: string;
  /** Nothing is shown. */
  readonly quiet: boolean;
}

export const progressBar = (
  title: string,
  { quiet, unit }: Options,
  out: Pick<NodeJS.WriteStream, "isTTY" | "write"> = process.stderr,
  now: () => number = Date.now,
): ProgressBar => {
  const count = (n: number) => n.toLocaleString("en");
  const started = now();
  let last = -Infinity;
  let shown = false;
  return {
    show: (done, total) => {
      const time = now();
      if (quiet || total === 0 || time - started < delay) return;
      const isLast = out.isTTY && done === total;
      if (time - last < (out.isTTY ? blink : pause) && !isLast) return;
      last = time;
      if (!out.isTTY) {
        const of = total === undefined ? "" : ` of ${count(total)}`;
        out.write(`${title}: ${count(done)}${of} ${unit}\n`);
        return;
      }
      shown = true;
      if (total === undefined) {
        out.write(`\r\x1b[2K${title} ${count(done)} ${unit}`);
        return;
      }
      // A file may have grown since it was counted.
      const share = Math.min(1, done / total);
      const percent = Math.floor(share * 100);
      const filled = Math.round(share * width);
      const bar = "█".repeat(filled) + "░".repeat(width - filled);
      out.write(`\r\x1b[2K${title} ${bar} ${percent} % (${count(done)} of ${count(total)})`);
    },
    end: () => {
      if (shown) out.write("\n");
    },
  };
};

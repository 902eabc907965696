/** What is asked of everything that records: as fast as it takes events, each by itself, and ten thousand a second. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Task } from "./contender.ts";

let step = 0;
/** No step comes twice in a process. */
export const nextStep = (): number => ++step;

/** Others, such as what sends, have their turn after so many events. */
export const turn = 1000;

const perMillisecond = 10;

/** In microseconds. */
export const figuresOf = (times: Float64Array): Record<string, number> => {
  const mean = (times.reduce((sum, time) => sum + time, 0) / times.length) * 1000;
  times.sort();
  const at = (part: number) => times[Math.floor(times.length * part)]! * 1000;
  return { mean, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
};

/** How late timers are while events come at a steady pace; `pause` waits a millisecond, `record` takes some. */
export const steadily = async (
  count: number,
  run: (due: () => number) => Promise<unknown>,
): Promise<Record<string, number>> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const started = performance.now();
  let done = 0;
  delay.enable();
  await run(() => {
    if (done >= count) return -1;
    const due = Math.floor((performance.now() - started) * perMillisecond) - done;
    done += due;
    return due;
  });
  delay.disable();
  return { delayP50: delay.percentile(50) / 1e6, delayP99: delay.percentile(99) / 1e6 };
};

/** The same for all that record by a plain function. */
export const tasksOf = (
  record: () => unknown,
): { readonly rate: Task; readonly latency: Task; readonly steady: Task } => ({
  rate: async (count) => {
    for (let i = 1; i <= count; i++) {
      record();
      if (i % turn === 0) await new Promise(setImmediate);
    }
  },
  latency: async (count) => {
    const times = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const started = performance.now();
      record();
      times[i] = performance.now() - started;
      if (i % turn === 0) await new Promise(setImmediate);
    }
    return figuresOf(times);
  },
  steady: (count) =>
    steadily(count, async (due) => {
      for (let n = due(); n >= 0; n = due()) {
        for (let i = 0; i < n; i++) record();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }),
});

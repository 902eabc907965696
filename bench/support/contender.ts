/**
 * Contenders that do the same work, each in a process of its own, in turns: what one does is not paid for by
 * another's heap or compiler. A contender's file calls `contend`; the bench that compares them starts them and calls
 * `inTurns`.
 */
import { fork } from "node:child_process";
import { once } from "node:events";

/**
 * Does the work so many times; it is told how many at a time. What numbers it answers are figures beside what it
 * took.
 */
export type Task = (count: number, concurrency: number) => Promise<unknown>;

export interface Order {
  readonly task: string;
  readonly count: number;
  readonly concurrency: number;
}

/** What so many times took: seconds on the clock, and of CPU, all threads of the process. */
export interface Took {
  readonly seconds: number;
  readonly cpu: number;
  /** What else the task has measured, and `peak`, the most that was ever resident in the process, in MiB. */
  readonly figures: { readonly [name: string]: number };
}

// -----------------------------------------------------------------------------
// In the contender's process
// -----------------------------------------------------------------------------

/** The origin of the server to talk to. */
export const host = process.argv[2] ?? "";

/** Does what it is told to, until its parent is gone. */
export const contend = (tasks: { readonly [name: string]: Task }): void => {
  process.on("message", async ({ task, count, concurrency }: Order) => {
    const before = process.cpuUsage();
    const started = performance.now();
    const answer = await tasks[task]!(count, concurrency);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(before);
    const figures = {
      ...Object.fromEntries(
        Object.entries(answer ?? {}).filter(([, figure]) => typeof figure === "number"),
      ),
      peak: process.resourceUsage().maxRSS / 1024,
    };
    const took: Took = { seconds, cpu: (user + system) / 1e6, figures };
    process.send?.(took);
  });
  process.on("disconnect", () => process.exit());
};

/** `once` so many times, so many at a time. */
export const repeat =
  (once: () => Promise<unknown>): Task =>
  (count, concurrency) => {
    let left = count;
    const one = async () => {
      while (left-- > 0) await once();
    };
    return Promise.all(Array.from({ length: concurrency }, one));
  };

// -----------------------------------------------------------------------------
// In the bench's process
// -----------------------------------------------------------------------------

export type Contender = (order: Order) => Promise<Took>;

/**
 * Starts the contender in a file below `bench`, without its `.ts`. One that works on in the background can be stopped
 * between its turns. What else it is told is behind the host.
 */
export const startContender = (
  file: string,
  host: string,
  stopped = false,
  ...others: ReadonlyArray<string>
): Contender => {
  const child = fork(`${import.meta.dirname}/../${file}.ts`, [host, ...others], {
    stdio: "inherit",
    execArgv: (process.env["CONTENDER_OPTIONS"] ?? "").split(" ").filter((option) => option !== ""),
  });
  child.once("exit", (code) => {
    throw new Error(`${file} ended with ${code}`);
  });
  child.unref();
  child.channel?.unref();
  // One that is stopped does not see that its parent is gone.
  if (stopped) process.once("exit", () => child.kill("SIGKILL"));
  return async (order) => {
    child.channel?.ref();
    if (stopped) child.kill("SIGCONT");
    child.send(order);
    const [took] = await once(child, "message");
    if (stopped) child.kill("SIGSTOP");
    child.channel?.unref();
    return took as Took;
  };
};

/** A slow contender does a tenth of its order, and says what all of it would have taken. */
export const aTenth =
  (contender: Contender): Contender =>
  async (order) => {
    const { seconds, cpu, figures } = await contender({ ...order, count: order.count / 10 });
    return { seconds: seconds * 10, cpu: cpu * 10, figures };
  };

export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** The medians of so many rounds, in each of which every contender has its turn; some rounds before them warm up. */
export const inTurns = async (
  contenders: { readonly [name: string]: Contender },
  order: Order,
  { rounds, warmUp = order }: { readonly rounds: number; readonly warmUp?: Order },
): Promise<ReadonlyMap<string, Took>> => {
  const names = Object.keys(contenders);
  for (const name of names) await contenders[name]!(warmUp);
  const all = new Map(names.map((name) => [name, [] as Array<Took>]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) all.get(name)!.push(await contenders[name]!(order));
  }
  return new Map(
    [...all].map(([name, took]) => [
      name,
      {
        seconds: median(took.map(({ seconds }) => seconds)),
        cpu: median(took.map(({ cpu }) => cpu)),
        figures: Object.fromEntries(
          Object.keys(took[0]?.figures ?? {}).map((name) => [
            name,
            median(took.map(({ figures }) => figures[name]!)),
          ]),
        ),
      },
    ]),
  );
};

export const row = (...cells: ReadonlyArray<string | number>) =>
  console.log(`| ${cells.join(" | ")} |`);

export const heading = (...cells: ReadonlyArray<string>) => {
  row(...cells);
  row(...cells.map(() => "---"));
};

/** For each contender how many of something a second, and CPU time for each; both beside this library's. */
export const rowsOf = (what: string, all: ReadonlyMap<string, Took>, count: number): void => {
  const us = all.get("this library")!;
  for (const [name, { seconds, cpu }] of all) {
    row(
      what,
      name,
      Math.round(count / seconds).toLocaleString("en"),
      (seconds / us.seconds).toFixed(2),
      ((cpu / count) * 1e6).toFixed(2),
      (us.cpu / cpu).toFixed(2),
    );
  }
};

/** Names the case that never ends, where it never lets go of the thread: no timer of its own would run. */
import { Worker } from "node:worker_threads";

const script = `
  const { writeSync } = require("node:fs");
  const { at, commands, seconds } = require("node:worker_threads").workerData;
  let last = -1;
  setInterval(() => {
    if (at[0] !== 0 && at[0] === last) {
      writeSync(2, "\\nno end after " + seconds + " seconds; once more:\\n" + commands.replace("<case>", at[0] - 1) + "\\n");
      process.kill(process.pid, "SIGKILL");
    }
    last = at[0];
  }, seconds * 1000);
`;

export interface Watchdog extends AsyncDisposable {
  readonly begin: (n: number) => void;
}

/** `command` runs one case, whose number stands for `<case>`. */
export const watch = (command: string, seconds = 60): Watchdog => {
  const at = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(script, { eval: true, workerData: { at, commands: command, seconds } });
  worker.unref();
  return {
    begin: (n) => void (at[0] = n + 1),
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
};

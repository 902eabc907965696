/**
 * What one GET and one POST cost over a socket, beside what one would write by hand and what other clients take.
 * Prints a table.
 *
 * `npm run build && npm ci --prefix bench/peers && node bench/requests.ts`
 */
import { startServer } from "./support/child.ts";
import {
  aTenth,
  type Contender,
  heading,
  inTurns,
  row,
  startContender,
} from "./support/contender.ts";
import { startPython } from "./support/python.ts";

const host = await startServer("experiment-server");
const files = {
  "this library": "contenders/syvain",
  "bare effect": "contenders/effect",
  "raw undici": "contenders/undici",
  openai: "peers/openai",
  stripe: "peers/stripe",
};
const contenders: Record<string, Contender> = {};
for (const [name, file] of Object.entries(files)) contenders[name] = startContender(file, host);
// It makes one call after the other.
const python = startPython("api_client.py", host);
const oneAtATime = {
  ...contenders,
  ...(python && { "syvain-metrics-api-client 0.0.62": aTenth(python) }),
};

heading("call", "at a time", "client", "CPU µs/request", "this library / it", "requests/s");
for (const task of ["get", "post"]) {
  for (const concurrency of [1, 32]) {
    const order = { task, count: 2000, concurrency };
    const all = await inTurns(concurrency === 1 ? oneAtATime : contenders, order, {
      rounds: 5,
      warmUp: { ...order, count: 4000 },
    });
    const ours = all.get("this library")!;
    for (const [name, { seconds, cpu }] of all) {
      row(
        task.toUpperCase(),
        concurrency,
        name,
        ((cpu / order.count) * 1e6).toFixed(1),
        (ours.cpu / cpu).toFixed(2),
        Math.round(order.count / seconds),
      );
    }
  }
}
process.exit();

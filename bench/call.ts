/**
 * What one call costs in CPU time, beside the same request by hand on bare effect, in one process and in turns.
 * Prints a table.
 *
 * `npm run build && node bench/call.ts`; the transport answers from memory, so that only the two clients are measured.
 */
import { Effect, Layer } from "effect";
import { HttpClient, HttpClientResponse } from "effect/http";
import { Experiments, SyvainMetrics } from "syvain-metrics-effect";
import * as byHand from "./support/by-hand.ts";
import { heading, median, row } from "./support/contender.ts";
import { answer, id, input } from "./support/experiment.ts";

const length = String(answer.length);
const transport = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.succeed(
      HttpClientResponse.fromWeb(
        request,
        new Response(answer, {
          headers: { "content-type": "application/json", "content-length": length },
        }),
      ),
    ),
  ),
);

const live = SyvainMetrics.layer({ apiKey: "key" }).pipe(
  Layer.merge(byHand.layer("https://h")),
  Layer.provideMerge(transport),
);

type Call = Effect.Effect<unknown, unknown, Layer.Success<typeof live>>;
const rounds = 40;
const calls = 500;

const time = (call: Call) =>
  Effect.gen(function* () {
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i++) yield* call;
    const { user, system } = process.cpuUsage(start);
    return (user + system) / calls;
  });

const compare = (ours: Call, theirs: Call) =>
  Effect.gen(function* () {
    const times: { ours: Array<number>; theirs: Array<number> } = { ours: [], theirs: [] };
    for (let round = 0; round < rounds + 10; round++) {
      const a = yield* time(ours);
      const b = yield* time(theirs);
      // The first rounds warm up.
      if (round < 10) continue;
      times.ours.push(a);
      times.theirs.push(b);
    }
    const ratios = times.ours.map((ours, i) => ours / times.theirs[i]!);
    return [median(times.ours), median(times.theirs), median(ratios)] as const;
  });

const table = Effect.gen(function* () {
  heading("call", "this library, µs", "by hand, µs", "ratio");
  for (const [name, ours, theirs] of [
    ["Experiments.get", Experiments.get(id), byHand.get(id)],
    ["Experiments.create", Experiments.create(input), byHand.create(input)],
  ] as const) {
    const [a, b, ratio] = yield* compare(ours, theirs);
    row(name, a.toFixed(1), b.toFixed(1), ratio.toFixed(2));
  }
});

await Effect.runPromise(Effect.provide(table, live));

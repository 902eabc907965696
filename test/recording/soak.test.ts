/** The short form of `bench/soak.ts`: real processes, real sockets, and a fault for three requests in ten. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { soak } from "../../bench/soak/run.ts";

it.live(
  "under faults of every kind at once, every event is stored, and stored once",
  () =>
    Effect.gen(function* () {
      const events = 2_000;
      const { client, proxy, server } = yield* soak({
        events,
        batch: 20,
        experiments: 2,
        concurrency: 50,
        timeout: 1_000,
        rate: 0.3,
      }).pipe(Effect.timeout("50 seconds"));
      assert.deepStrictEqual(server, { stored: events, missing: 0, wrong: 0 });
      assert.strictEqual(client.acknowledged, events);
      assert.isAbove(proxy.replayed, 0, "no answer was given twice");
      for (const [kind, times] of Object.entries(proxy.faults)) {
        assert.isAbove(times, 0, `${kind} did not happen`);
      }
      assert.isAbove(client.refused, 0, "no connection was refused");
    }),
  60_000,
);

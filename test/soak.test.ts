/** The short form of `bench/soak.ts`: real processes, real sockets, and a fault for one request in four. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { soak } from "../bench/soak/run.ts";

it.live("under faults of every kind at once, every event is stored, and stored once", () =>
  Effect.gen(function* () {
    const events = 2_000;
    const { client, proxy, server } = yield* soak({
      events,
      batch: 10,
      experiments: 4,
      concurrency: 16,
      timeout: 500,
      rate: 0.25,
    });
    assert.deepStrictEqual(server, { stored: events, missing: 0, wrong: 0 });
    assert.strictEqual(proxy.accepted, events);
    // No event is counted twice, though some are only reported as duplicates: their first answer was lost.
    assert.isAtMost(client.accepted, events);
    assert.strictEqual(client.accepted + client.duplicates, events);
    for (const [kind, times] of Object.entries(proxy.faults)) {
      assert.isAbove(times, 0, `${kind} did not happen`);
    }
    assert.isAbove(client.refused, 0, "no connection was refused");
  }),
);

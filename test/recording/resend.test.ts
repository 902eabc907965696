import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Faults from "../../src/testing/Faults.ts";
import { api, operation } from "../support/api.ts";
import { experimentOf, server, start, storedOf, temporaryDirectory } from "../support/processes.ts";
import { resend } from "../support/resend.ts";

/** A job that could not deliver anything; answers what it said about that. */
const leave = (spool: string) =>
  Effect.gen(function* () {
    const job = yield* start({
      spool,
      slug: "left",
      life: 1,
      events: 50,
      end: "fail",
      every: 1,
      shutdownTimeout: 50,
    });
    yield* job.printed("open");
    yield* Faults.delay("1 hour", { times: Infinity });
    yield* job.ended;
    yield* Faults.clear;
    return job.stderr();
  });

describe("syvain-metrics-effect resend", () => {
  it.live("sends what the log of the job says is left, and then there is nothing", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      const said = yield* leave(spool);
      assert.include(said, `npx syvain-metrics-effect resend --spool ${spool}\n`);
      const first = yield* resend(spool);
      assert.strictEqual(first.stdout, "50 events delivered.\n");
      assert.strictEqual(first.code, 0);
      assert.lengthOf(yield* storedOf("left"), 50);
      assert.strictEqual((yield* experimentOf("left")).errorName, "Error");
      const second = yield* resend(spool);
      assert.strictEqual(second.stdout, `Nothing to send in ${spool}.\n`);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("keeps what the service does not take, and says so", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      yield* leave(spool);
      const { code, stderr, stdout } = yield* resend(spool, { SYVAIN_METRICS_API_KEY: "wrong" });
      assert.strictEqual(code, 1);
      assert.strictEqual(stdout, "");
      assert.include(stderr, "401 Unauthorized");
      assert.include(stderr, "50 events kept");
      assert.strictEqual((yield* resend(spool)).stdout, "50 events delivered.\n");
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("says whose logs it left alone, and why, and ends with another code", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      const job = yield* start({
        spool,
        slug: "alive",
        life: 1,
        events: 10,
        end: "wait",
        lease: "10 seconds",
      });
      yield* Faults.delay("1 hour", { times: Infinity, match: { operation: operation.metrics } });
      yield* job.printed("recorded");
      const { code, stderr, stdout } = yield* resend(spool);
      assert.strictEqual(stdout, `Nothing to send in ${spool}.\n`);
      assert.match(
        stderr,
        /^Left alone:\n {2}\S+@\S+: the process that records alive showed \d+\.\d s ago\n$/,
      );
      assert.strictEqual(code, 3);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("sends nothing to another host than it was recorded for, and says so", () =>
    Effect.gen(function* () {
      const spool = yield* temporaryDirectory;
      yield* leave(spool);
      const { code, stderr } = yield* resend(spool, {
        SYVAIN_METRICS_HOST: "http://127.0.0.1:9",
      });
      assert.match(stderr, /@free: left is for API v[12] of http:\/\/127\.0\.0\.1:\d+\n/);
      assert.include(stderr, `for API ${api} of`);
      assert.strictEqual(code, 3);
    }).pipe(Effect.scoped, Effect.provide(server)),
  );

  it.live("does not make a directory that is not there", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* resend("/nowhere/spool");
      assert.strictEqual(code, 1);
      assert.include(stderr, "/nowhere/spool");
    }).pipe(Effect.scoped, Effect.provide(server)),
  );
});

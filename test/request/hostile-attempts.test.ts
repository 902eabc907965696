/**
 * Whatever the service answers to one attempt after another, the call does what the rules say: how often it asks, when,
 * under which keys, and how it ends. `FUZZ_SEED` and `FUZZ_COUNT` in the environment make other cases, and more.
 */
import { assert, describe, it } from "@effect/vitest";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as ConfigService from "../../src/ConfigService.ts";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import * as RetryBudget from "../../src/RetryBudget.ts";
import {
  type Attempt,
  attemptAt,
  everyEnding,
  type Move,
  moveAfter,
  type Pick,
  start,
} from "../support/attempts.ts";
import { commandFor, countOr, numbers, seed } from "../support/fuzz/replay.ts";
import { answerToAll, bodyOf, type Call, calls } from "../support/socket-calls.ts";

const all = numbers(countOr(100));

/** A clock on which every wait is over at once. Timeouts are longer than any wait, and never come. */
class LeapingClock implements Clock.Clock {
  now = start;
  readonly waits: Array<number> = [];
  currentTimeMillisUnsafe = () => this.now;
  currentTimeNanosUnsafe = () => BigInt(this.now) * 1_000_000n;
  monotonicTimeNanosUnsafe = this.currentTimeNanosUnsafe;
  currentTimeMillis = Effect.sync(this.currentTimeMillisUnsafe);
  currentTimeNanos = Effect.sync(this.currentTimeNanosUnsafe);
  monotonicTimeNanos = this.currentTimeNanos;
  sleep = (duration: Duration.Duration) =>
    Effect.suspend(() => {
      const millis = Duration.toMillis(duration);
      if (millis > 100_000) return Effect.never;
      this.now += Math.ceil(millis);
      this.waits.push(millis);
      return Effect.void;
    });
}

const responseTo = ({ is, status, headers, body }: Attempt, call: Call): Response => {
  const cutOff = () =>
    new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) });
  const bodies = {
    good: () => bodyOf(call),
    "no JSON": () => "<title>Welcome</title>\n",
    misshapen: () => "[]\n",
    "cut off": cutOff,
    refused: () => body,
    lost: () => null,
  };
  return new Response(status === 304 ? null : bodies[is](), { status, headers });
};

const lost = (request: HttpClientRequest) =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) });

/** Makes a call against attempts that chance makes. Answers what happened, and what should have. */
const runCase = (call: Call, random: Random.Random) =>
  Effect.gen(function* () {
    const pick: Pick = (choices) =>
      choices[Math.floor(random.nextDoubleUnsafe() * choices.length)]!;
    const clock = new LeapingClock();
    /** Its ingestion key is in the cache already. */
    const isWarm = call.mints && pick([true, false]);
    const affordable = pick([0, 1, 2, 3, 100, 100, 100]);

    let isHostile = !isWarm;
    let minted = 0;
    const bearers: Array<string | undefined> = [];
    const idempotencyKeys = new Set<string | undefined>();
    const should = {
      bearers: [] as Array<string>,
      waits: [] as Array<readonly [earliest: number, latest: number]>,
      end: undefined as Extract<Move, { _tag: "Value" | "Failure" }> | undefined,
    };
    let attempts = 0;
    const course = {
      retries: 0,
      inProgress: 0,
      budget: affordable,
      replaceable: call.mints,
    };
    let key = call.mints ? "key-1" : "api-key";

    const client = HttpClient.make((request) =>
      Effect.suspend(() => {
        const respond = (response: Response) =>
          Effect.succeed(HttpClientResponse.fromWeb(request, response));
        if (call.mints && request.url.endsWith("/ingestion-keys")) {
          return respond(new Response(answerToAll(`key-${++minted}`)));
        }
        if (!isHostile) return respond(new Response(bodyOf(call)));

        bearers.push(request.headers["authorization"]);
        idempotencyKeys.add(request.headers["idempotency-key"]);
        should.bearers.push(`Bearer ${key}`);
        attempts++;
        const attempt = attemptAt(clock.now, pick);
        const move = moveAfter(attempt, course);
        switch (move._tag) {
          case "Retry":
            should.waits.push([move.earliest, move.latest]);
            course.retries++;
            course.budget--;
            break;
          case "Poll":
            should.waits.push([move.wait, move.wait]);
            course.inProgress++;
            break;
          case "NewKey":
            key = "key-2";
            course.retries = 0;
            course.replaceable = false;
            break;
          default:
            should.end = move;
        }
        return attempt.is === "lost"
          ? Effect.fail(lost(request))
          : respond(responseTo(attempt, call));
      }),
    );

    const end = yield* Effect.gen(function* () {
      if (isWarm) yield* call.effect;
      isHostile = true;
      return yield* Effect.match(call.effect, {
        onSuccess: (): Move => ({ _tag: "Value" }),
        onFailure: (error): Move => {
          assert(error._tag !== "MetricsApiAuthError");
          assert.strictEqual(error.attempts, attempts, "attempts in the error");
          const { notRetried, retryAfter, retryable } =
            error._tag === "MetricsApiRequestError"
              ? error
              : { notRetried: undefined, retryable: undefined };
          return {
            _tag: "Failure",
            reason: error.reason._tag,
            retryable,
            notRetried,
            retryAfter: retryAfter && Duration.toMillis(retryAfter),
          };
        },
      });
    }).pipe(
      Effect.provide(
        ConfigService.layer({
          apiKey: "api-key",
          timeout: "1 day",
          ingestTimeout: "1 day",
          // Without a reward, since a mint on the way is a success too.
          retryBudget: yield* RetryBudget.make({ capacity: affordable, retryCost: 1, reward: 0 }),
        }),
      ),
      Effect.provideContext(
        Context.make(HttpClient.HttpClient, client).pipe(
          Context.add(IngestionKeyCache.IngestionKeyCache, yield* IngestionKeyCache.make()),
          Context.add(Clock.Clock, clock),
          Context.add(Random.Random, random),
        ),
      ),
    );

    assert.deepStrictEqual(end, should.end);
    assert.deepStrictEqual(bearers, should.bearers);
    const carriesKey = call.operation.repeat === "keyed";
    assert.strictEqual(idempotencyKeys.size, 1);
    assert.strictEqual([...idempotencyKeys][0] !== undefined, carriesKey, "an Idempotency-Key");
    assert.lengthOf(clock.waits, should.waits.length);
    for (const [i, [earliest, latest]] of should.waits.entries()) {
      assert.isAtLeast(clock.waits[i]!, earliest, `wait ${i + 1}`);
      assert.isAtMost(clock.waits[i]!, latest, `wait ${i + 1}`);
    }
    return end;
  });

describe(`${all.length} cases, seed ${seed}`, () => {
  const endings = new Set<string>();

  for (const call of calls) {
    it.live(call.name, () =>
      Effect.gen(function* () {
        for (const n of all) {
          const random = yield* Random.withSeed(Random.Random, `${seed}/${call.name}/${n}`);
          const end = yield* runCase(call, random).pipe(
            Effect.timeout("10 seconds"),
            Effect.tapCause(() =>
              Effect.logError(
                `once more: ${commandFor("test/request/hostile-attempts.test.ts", call.name, n)}`,
              ),
            ),
          );
          endings.add(end._tag === "Failure" ? (end.notRetried ?? end.reason) : end._tag);
        }
      }),
    );
  }

  it.runIf(all.length >= 100)("end in every way there is", () => {
    assert.sameMembers([...endings], everyEnding);
  });
});

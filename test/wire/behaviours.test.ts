/**
 * What the service's client of 0.0.62 makes of each kind of answer, as recorded from it: ours makes the same
 * of it, on a real socket.
 */
import { assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import * as contract from "../../src/internal/wire/v1/index.ts";
import { ingestionKey, keyOf } from "../support/sample-data.ts";
import { layerClient, serve, type Turn } from "../support/socket.ts";
import {
  isRedirect,
  needsKey,
  type Outcome,
  outcomeBy,
  recorded,
  recording,
  replyOf,
  retries,
  type Scenario,
  toPython,
  toUs,
  withOneKey,
} from "./answers.ts";
import { pythonCall } from "./python.ts";
import { timeScale, write } from "./replies.ts";

interface Played {
  readonly outcome: Outcome;
  readonly result: Result.Result<unknown, MetricsApiError>;
  /** The requests of the call itself. */
  readonly sent: ReadonlyArray<Turn>;
  readonly origin: string;
}

const isMint = ({ method, path }: Turn): boolean =>
  method === "POST" && path.endsWith("/ingestion-keys");

const far = 10 * 24 * 3_600_000;

const play = Effect.fnUntraced(function* (scenario: Scenario, other: string) {
  const { args, ok_data } = recording.calls[scenario.call]!;
  let mints = 0;
  const sent: Array<Turn> = [];
  let isPrepared = scenario.cached_key !== true;
  const server = yield* serve((turn) => {
    if (isMint(turn) && needsKey(scenario.call)) {
      const id = `key-${turn.n}`;
      const key = { ...ingestionKey, id, expires_at_ms: Date.now() + far, revoked_at_ms: null };
      const names = isPrepared ? (scenario.mint ?? ["ok"]) : ["ok"];
      return write(replyOf(names, ++mints)[1], turn, { key, token: `ik_${id}` }, other);
    }
    write(replyOf(scenario.replies, sent.push(turn))[1], turn, ok_data, other);
  });
  const { origin } = server;
  const timeout = `${(scenario.timeout_s ?? 10) * timeScale} seconds` as const;
  const client = layerClient("fetch", server, {
    retry: Schedule.recurs(retries),
    timeout,
    ingestTimeout: timeout,
  });
  if (scenario.unreachable === true) yield* server.stop;
  return yield* Effect.gen(function* () {
    if (!isPrepared) yield* IngestionKeys.prepare(String(args["experiment_id"]));
    isPrepared = true;
    mints = 0;
    const result = yield* Effect.result(pythonCall(scenario.call, args));
    const keys = sent.map(({ headers }) => headers["idempotency-key"]);
    const distinct = [...new Set(keys.filter(Predicate.isNotUndefined))];
    const failure = Result.isFailure(result) ? result.failure : undefined;
    const played: Played = {
      result,
      sent,
      origin,
      outcome: {
        kind:
          failure === undefined
            ? "value"
            : failure._tag === "MetricsApiResponseError"
              ? "response error"
              : "request error",
        ...(failure?._tag === "MetricsApiRequestError"
          ? { status: failure.status, code: failure.code, retryable: failure.retryable }
          : {}),
        keys: keys.map((key) => (key === undefined ? null : distinct.indexOf(key) + 1)),
        mints,
      },
    };
    return played;
  }).pipe(Effect.provide(client));
}, Effect.scoped);

/** Many at a time, as most of them wait; those with a short timeout first, while the machine has nothing else to do. */
const playAll = Effect.gen(function* () {
  const elsewhere = yield* serve(({ response }) => void response.end("{}"));
  const played = new Map<Scenario, Played>();
  const inTurn = (scenarios: ReadonlyArray<Scenario>, concurrency: number) =>
    Effect.forEach(
      scenarios,
      (scenario) =>
        Effect.map(play(scenario, elsewhere.origin), (one) => void played.set(scenario, one)),
      { concurrency, discard: true },
    );
  const isTimed = ({ timeout_s }: Scenario) => timeout_s !== undefined;
  yield* inTurn(recording.scenarios.filter(isTimed), 16);
  yield* inTurn(
    recording.scenarios.filter((scenario) => !isTimed(scenario)),
    64,
  );
  assert.deepStrictEqual(elsewhere.seen, []);
  return played;
}).pipe(Effect.scoped);

/** What is not there is not said. */
const said = (outcome: Outcome): unknown => JSON.parse(JSON.stringify(outcome));

/** Without what the contract does not know, and without the spaces of JSON in JSON. */
const comparable = (json: string): unknown =>
  JSON.parse(json, (name, inner) =>
    name === "extra_field"
      ? undefined
      : name.endsWith("_json") && Predicate.isString(inner)
        ? JSON.parse(inner)
        : inner,
  );

describe("what comes of answers", () => {
  let all: ReadonlyMap<Scenario, Played>;
  beforeAll(async () => {
    all = await Effect.runPromise(playAll);
  }, 120_000);

  for (const scenario of recording.scenarios) {
    const { call, cached_key, mint, replies, result } = scenario;
    const how = [
      ...(cached_key === true ? ["with a key"] : []),
      ...(mint === undefined ? [] : [`mint: ${mint.join(", ")}`]),
      ...(scenario.unreachable === true ? ["unreachable"] : []),
    ];
    it([call, ...how, replies.join(", ")].join(": "), () => {
      const played = all.get(scenario)!;
      // What the rules above say of the service's client is what it did, but that it followed redirects.
      if (![...replies, ...(mint ?? [])].some((name) => isRedirect(recording.replies[name]!))) {
        assert.deepStrictEqual(said(outcomeBy(toPython, scenario)), said(recorded(scenario)));
      }
      assert.deepStrictEqual(said(played.outcome), said(withOneKey(outcomeBy(toUs, scenario))));
      // Each attempt sends the same, and what was recorded of the first was sent so.
      const [one, ...more] = played.sent.map(({ body, method, path }) => [method, path, body]);
      for (const other of more) assert.deepStrictEqual(other, one);
      if (Result.isSuccess(played.result) && result.ok) {
        const { method, path } = played.sent.at(-1)!;
        const key = keyOf(method, path);
        const value = Schema.encodeUnknownSync(contract[key].success)(played.result.success);
        assert.deepStrictEqual(
          comparable(JSON.stringify(value).replaceAll(played.origin, "")),
          comparable(JSON.stringify(result.value ?? recording.calls[call]!.ok_data)),
        );
      }
    });
  }
});

/**
 * What the service's own v2 client makes of each kind of answer, as recorded from it: ours makes the same of it, on a
 * real socket, but for what is listed here.
 */
import { readFileSync } from "node:fs";
import { assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import * as Exit from "effect/Exit";
import * as Result from "effect/Result";
import * as Schedule from "effect/Schedule";
import * as Scope from "effect/Scope";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import * as Auth from "../../src/v2/Auth.ts";
import * as Events from "../../src/v2/Events.ts";
import * as Experiments from "../../src/v2/Experiments.ts";
import * as Folders from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";
import * as Series from "../../src/v2/Series.ts";
import { serve, type Turn } from "../support/socket.ts";
import {
  type Envelope,
  envelopesOf,
  layerV2,
  ndjson,
  type Reply as EventReply,
  shortName,
  usualBody,
  usualLines,
  usualReply,
} from "../support/v2.ts";
import { type Reply as PlainReply, timeScale, write } from "./replies.ts";

// -----------------------------------------------------------------------------
// Recordings
// -----------------------------------------------------------------------------

interface Reply extends PlainReply {
  /** By the place of the event, or of all of them. */
  readonly event_errors?: { readonly [place: string]: unknown };
  readonly event_rewrite?: { readonly [place: string]: "wrong" };
  readonly rewrite?: keyof typeof rewrites;
  readonly stream?: keyof typeof streams;
}

interface Scenario {
  readonly call: string;
  /** The last one again and again. */
  readonly replies: ReadonlyArray<string>;
  readonly timeout_s?: number;
  readonly token_ttl_ms?: number;
  readonly result: {
    readonly ok: boolean;
    readonly attempts: number;
    readonly class?: string;
    readonly code?: string;
    readonly status_code?: number | null;
    readonly retryable?: boolean;
    readonly details?: unknown;
    /** Different ids are numbered, from 1. */
    readonly message_ids_of_attempt: ReadonlyArray<ReadonlyArray<number>>;
    readonly other_requests: ReadonlyArray<string>;
  };
}

interface Recording {
  readonly retry_deadline_s: number;
  readonly calls: {
    readonly [call: string]: {
      readonly counted_event: string | null;
      readonly counted_path: string;
    };
  };
  readonly replies: { readonly [name: string]: Reply };
  readonly scenarios: ReadonlyArray<Scenario>;
}

const file = new URL("../fixtures/behaviours-v2.json", import.meta.url);
const recording: Recording = JSON.parse(readFileSync(file, "utf8"));

/** What comes of a call. */
interface Outcome {
  readonly kind: "value" | "request error" | "response error";
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly details?: unknown;
  /** The ids of the messages of each attempt, numbered. */
  readonly ids: ReadonlyArray<ReadonlyArray<number>>;
  /** What else was sent, but for the tree of folders, which we read more often. */
  readonly others: ReadonlyArray<string>;
}

/** Codes that the service's client has for what did not come from the service. */
const ownCodes = ["http_error", "transport_error", "invalid_response", "retryable_events"];

const recorded = ({ result }: Scenario): Outcome => {
  const { code, details, retryable, status_code: status } = result;
  const common = {
    ids: result.message_ids_of_attempt,
    others: result.other_requests.filter((name) => name !== "foldertree.read"),
  };
  if (result.ok) return { kind: "value", ...common };
  if (result.class !== "MetricsError" || code === "invalid_response") {
    return { kind: "response error", ...common };
  }
  return {
    kind: "request error",
    status: status ?? undefined,
    code: code !== undefined && ownCodes.includes(code) ? undefined : code,
    retryable,
    details: details ?? undefined,
    ...common,
  };
};

// -----------------------------------------------------------------------------
// Differences
// -----------------------------------------------------------------------------

interface Difference {
  readonly reason: string;
  readonly applies: (scenario: Scenario, expected: Outcome) => boolean;
  /** What is expected of us instead. */
  readonly ours: (expected: Outcome, scenario: Scenario) => Outcome;
}

const some =
  (pattern: RegExp) =>
  ({ replies }: Scenario): boolean =>
    replies.some((name) => pattern.test(name));
/** The reply that the last attempt got. */
const last =
  (pattern: RegExp) =>
  ({ replies, result }: Scenario): boolean =>
    pattern.test(replies[Math.min(result.attempts, replies.length) - 1] ?? "");

const onExperiment = ["start", "done", "annotate", "close", "metrics"];

/** All that differs on purpose, and why. */
const differences: ReadonlyArray<Difference> = [
  {
    reason: "a call keeps the id of its message over all its attempts, whatever it does",
    applies: ({ call }) => call !== "metrics",
    ours: (expected) => ({ ...expected, ids: expected.ids.map((ids) => ids.map(() => 1)) }),
  },
  {
    reason: "no redirect is followed, and no 3xx is a success",
    applies: some(/^r30/),
    ours: (expected, { replies }) => ({
      ...expected,
      kind: "request error",
      status: recording.replies[replies[0]!]!.status,
      retryable: false,
      ids: expected.ids.slice(0, 1),
    }),
  },
  {
    reason: "a 2xx that is not JSON ends as a response error",
    applies: last(/^(204|empty|not-json)$/),
    ours: (expected) =>
      expected.kind === "request error"
        ? { kind: "response error", ids: expected.ids, others: expected.others }
        : expected,
  },
  {
    reason: "a Retry-After of more than a minute ends the retries, and a date is one",
    applies: some(/retry-after-date/),
    ours: (expected) => ({
      ...expected,
      kind: "request error",
      status: 429,
      retryable: true,
      ids: expected.ids.slice(0, 1),
    }),
  },
  {
    reason: "what the deadline ends is told as a timeout",
    applies: (scenario, { kind, retryable }) =>
      kind === "request error" &&
      retryable === true &&
      last(/retry-after-(2|60)$/)(scenario) &&
      !isOnce(scenario),
    ours: (expected) => ({ ...expected, status: undefined }),
  },
  {
    reason: "an error in an answer that is a success has its status where it names none itself",
    applies: (scenario, { status, kind }) =>
      kind === "request error" && status === undefined && last(/^(ev|st-error)-/)(scenario),
    ours: (expected) => ({ ...expected, status: 200 }),
  },
  {
    reason: "what refuses a token is known by its code alone, and only if that is a plain word",
    applies: ({ call }, { code }) =>
      /^open_experiment$|near-expiry/.test(call) && code !== undefined,
    ours: (expected) => ({ ...expected, code: undefined, details: undefined }),
  },
  {
    reason: "the error of events that were refused for the time being is that of the first",
    applies: ({ result }) => result.code === "retryable_events",
    ours: (expected) => ({ ...expected, status: 503, code: "busy" }),
  },
  {
    reason: "where some events may do better, they are sent again before the others are told",
    applies: some(/^ev-1-final-3-retryable$|^ev-1-retryable-3-final$/),
    ours: (expected, { replies }) => ({
      ...expected,
      ids: [...expected.ids, [replies[0] === "ev-1-final-3-retryable" ? 4 : 2]],
    }),
  },
  {
    reason: "a token that is refused is renewed, and the event sent again under its id",
    applies: (scenario) => onExperiment.includes(scenario.call) && some(/^s401$/)(scenario),
    ours: (expected) => ({
      kind: "value",
      ids: [...expected.ids, ...expected.ids],
      others: [...expected.others, "experiment.tokenRefresh"],
    }),
  },
  {
    reason: "a scope closes whatever becomes of the token",
    applies: ({ call }) => call === "close",
    ours: ({ ids, others }) => ({ kind: "value", ids, others }),
  },
];

const isOnce = ({ call }: Scenario): boolean =>
  !/^(auth_status|experiments|info|metrics|series)/.test(call);

const expectedOf = (scenario: Scenario): Outcome =>
  differences.reduce(
    (expected, { applies, ours }) =>
      applies(scenario, expected) ? ours(expected, scenario) : expected,
    recorded(scenario),
  );

// -----------------------------------------------------------------------------
// Answers
// -----------------------------------------------------------------------------

const rewrites = {
  "empty-data": (reply: EventReply) => ({ ...reply, data: {} }),
  "data-list": (reply: EventReply) => ({ ...reply, data: [] }),
  "no-data": ({ correlationId, event }: EventReply) => ({ correlationId, event }),
  correlationId: (reply: EventReply) => ({ ...reply, correlationId: "another" }),
  event: (reply: EventReply) => ({ ...reply, event: "syvain.v2.something.else" }),
  reverse: (reply: EventReply) => reply,
};

const errorEvent = "syvain.v2.error";
const later = { code: "busy", message: "later", status: 503, retryable: true };
const never = { code: "nope", message: "no", status: 422, retryable: false };

/** The lines of a stream, its usual ones made worse. */
const streams = {
  "blank-lines": (lines: ReadonlyArray<EventReply>) =>
    `\n\n${ndjson(lines).replaceAll("\n", "\n \n")}`,
  counts: ([data, summary, done]: ReadonlyArray<EventReply>) =>
    ndjson([data, summary, { ...done, data: { series: 1, batches: 1, points: 3 } }]),
  "cut-stream": (lines: ReadonlyArray<EventReply>) => ndjson(lines.slice(0, 1)),
  "data-after-summary": ([data, summary, done]: ReadonlyArray<EventReply>) =>
    ndjson([data, summary, data, done]),
  "duplicate-summary": ([data, summary, done]: ReadonlyArray<EventReply>) =>
    ndjson([data, summary, summary, done]),
  "eof-before-done": (lines: ReadonlyArray<EventReply>) => ndjson(lines.slice(0, -1)),
  "eof-no-records": () => "",
  "error-final": ([data]: ReadonlyArray<EventReply>) =>
    ndjson([data, { ...data, event: errorEvent, data: never }]),
  "error-retryable": ([data]: ReadonlyArray<EventReply>) =>
    ndjson([data, { ...data, event: errorEvent, data: later }]),
  "half-line": (lines: ReadonlyArray<EventReply>) => ndjson(lines).slice(0, -20),
  malformed: ([data]: ReadonlyArray<EventReply>) => `${ndjson([data])}{"correlationId":\n`,
  "no-trailing-newline": (lines: ReadonlyArray<EventReply>) => ndjson(lines).slice(0, -1),
  "split-frames": ([data, summary, done]: ReadonlyArray<EventReply>) => {
    const { data: columns, ...batch } = data!.data as {
      readonly data: { readonly [column: string]: ReadonlyArray<number> };
    };
    const half = (at: number) => ({
      ...data,
      data: {
        ...batch,
        data: Object.fromEntries(
          Object.entries(columns).map(([column, [...numbers]]) => [
            column,
            numbers.slice(at, at + 1),
          ]),
        ),
      },
    });
    return ndjson([
      half(0),
      half(1),
      { ...summary, data: { seriesName: "loss", batches: 2, points: 2 } },
      { ...done, data: { series: 1, batches: 2, points: 2 } },
    ]);
  },
  "uncorrelated-record": ([data, ...lines]: ReadonlyArray<EventReply>) =>
    ndjson([{ ...data, correlationId: "another" }, ...lines]),
  "unknown-event": ([data, ...lines]: ReadonlyArray<EventReply>) =>
    ndjson([{ ...data, event: "syvain.v2.something.else" }, ...lines]),
};

const bodyOf = (reply: Reply, turn: Turn): string => {
  const envelopes = envelopesOf(turn);
  if (reply.stream !== undefined) return streams[reply.stream](usualLines(envelopes[0]!));
  const { event_errors: errors = {}, event_rewrite: renamed = {}, rewrite } = reply;
  const replies = envelopes.map((envelope, i): unknown => {
    const usual = usualReply(envelope);
    const place = i in errors ? `${i}` : "*";
    if (place in errors) return { ...usual, event: errorEvent, data: errors[place] };
    if (i in renamed) return rewrites.event(usual);
    return rewrite === undefined ? usual : rewrites[rewrite](usual);
  });
  return JSON.stringify(rewrite === "reverse" ? replies.toReversed() : replies);
};

const answer = (name: string, turn: Turn, other: string): void => {
  const reply = recording.replies[name]!;
  const { event_errors, event_rewrite, rewrite, stream, ...plain } = reply;
  const isSpecial = [event_errors, event_rewrite, rewrite, stream].some((one) => one !== undefined);
  const isUsual =
    !isSpecial && !("text" in plain) && !("json" in plain) && !("text_repeat" in plain);
  const text = isSpecial ? { text: bodyOf(reply, turn) } : isUsual ? { text: usualBody(turn) } : {};
  write({ ...plain, ...text }, turn, null, other);
};

// -----------------------------------------------------------------------------
// Calls
// -----------------------------------------------------------------------------

type Program = Effect.Effect<
  unknown,
  MetricsApiError,
  Layer.Success<ReturnType<typeof layerV2>> | Scope.Scope
>;

const points = [0, 1, 2, 3].map((step) => ({ name: "loss", value: 0.5, step }));
const onRun = (f: (run: Runs.Run) => Effect.Effect<unknown, MetricsApiError>): Program =>
  Effect.flatMap(Runs.open({ slug: "run" }), f);

const calls: { readonly [call: string]: Program } = {
  annotate: onRun((run) => run.annotate("a")),
  auth_status: Auth.status,
  close: Effect.scoped(Runs.open({ slug: "run" })),
  done: onRun((run) => run.done),
  experiments: Experiments.list(),
  info: Experiments.get("exp-1"),
  make_folder: Folders.make("/new"),
  metrics: onRun((run) => run.metrics(points)),
  "metrics-token-near-expiry": onRun((run) => run.metrics(points)),
  open_experiment: Runs.open({ slug: "run" }),
  "open_experiment-in-folder": Runs.open({ slug: "run", folder: "/models" }),
  rename: Folders.rename("f-1", "another"),
  send: Events.send("syvain.v2.custom", {}),
  series: Series.read("exp-1", { names: ["loss"] }),
  "series-all": Series.read("exp-1"),
  start: onRun((run) => run.start),
};

// -----------------------------------------------------------------------------
// The play
// -----------------------------------------------------------------------------

const isCounted = ({ call }: Scenario, { path, ...turn }: Turn): boolean => {
  const { counted_event: event, counted_path } = recording.calls[call]!;
  return (
    path.includes(counted_path) &&
    (event === null || envelopesOf(turn)[0]?.event.endsWith(event) === true)
  );
};

const withTtl = (body: string, ttl: number): string =>
  body.replace(/"expiresAtMs":\d+/g, `"expiresAtMs":${Date.now() + ttl}`);

interface Played {
  readonly outcome: Outcome;
  readonly result: Result.Result<unknown, MetricsApiError>;
}

const play = Effect.fnUntraced(function* (scenario: Scenario, other: string) {
  const counted: Array<ReadonlyArray<Envelope>> = [];
  const others: Array<string> = [];
  let isOver = false;
  const server = yield* serve((turn) => {
    const envelopes = envelopesOf(turn);
    const { replies, token_ttl_ms: ttl } = scenario;
    if (isCounted(scenario, turn) && !isOver) {
      const name = replies[Math.min(counted.push(envelopes), replies.length) - 1]!;
      return answer(name, turn, other);
    }
    const event = shortName(envelopes[0]?.event ?? "");
    if (!isOver && event !== "foldertree.read") others.push(event);
    const body = usualBody(turn);
    // Only the first token is about to expire.
    turn.response.end(ttl !== undefined && event === "experiment.open" ? withTtl(body, ttl) : body);
  });
  const timeout = `${(scenario.timeout_s ?? 10) * timeScale} seconds` as const;
  const scope = yield* Scope.make();
  const result = yield* calls[scenario.call]!.pipe(
    Scope.provide(scope),
    Effect.result,
    Effect.provide(
      layerV2("fetch", server, {
        retry: Schedule.recurs(3),
        timeout,
        ingestTimeout: timeout,
        // Waits that the recording does not scale, either.
        deadline:
          scenario.timeout_s === undefined && scenario.replies.some((name) => /-after-/.test(name))
            ? `${recording.retry_deadline_s} seconds`
            : undefined,
      }),
    ),
  );
  // What closing the scope sends is no part of what was recorded.
  isOver = true;
  yield* Scope.close(scope, Exit.void);
  const numbers = [...new Set(counted.flat().map(({ messageId }) => messageId))];
  const failure = Result.isFailure(result) ? result.failure : undefined;
  const outcome: Outcome = {
    kind:
      failure === undefined
        ? "value"
        : failure._tag === "MetricsApiResponseError"
          ? "response error"
          : "request error",
    ...(failure?._tag === "MetricsApiRequestError"
      ? {
          status: failure.status,
          code: failure.code,
          retryable: failure.retryable,
          details: failure.details,
        }
      : {}),
    ids: counted.map((envelopes) =>
      envelopes.map(({ messageId }) => numbers.indexOf(messageId) + 1),
    ),
    others,
  };
  return { outcome, result } satisfies Played;
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
  yield* inTurn(recording.scenarios.filter(isTimed), 4);
  yield* inTurn(
    recording.scenarios.filter((scenario) => !isTimed(scenario)),
    32,
  );
  assert.deepStrictEqual(elsewhere.seen, []);
  return played;
}).pipe(Effect.scoped);

/** What is not there is not said. */
const said = (outcome: Outcome): unknown => JSON.parse(JSON.stringify(outcome));

const loss = {
  experimentId: "exp-1",
  name: "loss",
  metadata: { split: "train" },
  steps: [0, 1],
  timestampsMs: Float64Array.of(1, 2),
  values: Float64Array.of(0.5, 0.25),
};

describe("what comes of answers", () => {
  let all: ReadonlyMap<Scenario, Played>;
  beforeAll(async () => {
    all = await Effect.runPromise(playAll);
  }, 120_000);

  for (const scenario of recording.scenarios) {
    it(`${scenario.call}: ${scenario.replies.join(", ")}`, () => {
      const { outcome, result } = all.get(scenario)!;
      assert.deepStrictEqual(said(outcome), said(expectedOf(scenario)));
      // Partial data is never given out.
      if (scenario.call === "series" && Result.isSuccess(result)) {
        assert.deepStrictEqual(result.success, [loss]);
      }
    });
  }

  it("every difference is met", () => {
    for (const { applies, reason } of differences) {
      assert.isTrue(
        recording.scenarios.some((scenario) => applies(scenario, recorded(scenario))),
        reason,
      );
    }
  });
});

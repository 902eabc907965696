/**
 * What the service's client of 0.0.62 made of answers, as recorded; the rules behind that, to which the recordings are
 * held; and where our rules are others.
 */
import { readFileSync } from "node:fs";
import * as Predicate from "effect/Predicate";
import type { Args } from "./python.ts";
import { type Reply, textOf } from "./replies.ts";

// -----------------------------------------------------------------------------
// Recordings
// -----------------------------------------------------------------------------

interface Recorded {
  readonly ok: boolean;
  /** What it answered; of a success without one, `ok_data`. */
  readonly value?: unknown;
  readonly class?: string;
  readonly cause?: string | null;
  readonly status_code?: number | null;
  readonly error_code?: string | null;
  readonly retryable?: boolean;
  /** Requests of the call itself. */
  readonly attempts: number;
  /** Requests that minted a key. */
  readonly mints?: number;
  /** Different keys are numbered, from 1; of very many it is said in words. */
  readonly idempotency_key_of_attempt: ReadonlyArray<number | null> | string;
  readonly distinct_idempotency_keys: number;
}

export interface Scenario {
  readonly call: string;
  /** The last one again and again. */
  readonly replies: ReadonlyArray<string>;
  /** The same for the minting of keys. */
  readonly mint?: ReadonlyArray<string>;
  readonly cached_key?: boolean;
  readonly timeout_s?: number;
  readonly unreachable?: boolean;
  readonly result: Recorded;
}

interface Recording {
  readonly calls: { readonly [call: string]: { readonly args: Args; readonly ok_data: unknown } };
  readonly replies: { readonly [name: string]: Reply };
  readonly scenarios: ReadonlyArray<Scenario>;
}

const file = new URL("../fixtures/behaviours-0.0.62.json", import.meta.url);
export const recording: Recording = JSON.parse(readFileSync(file, "utf8"));

/** How a call ends. */
interface End {
  readonly kind: "value" | "request error" | "response error";
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly retryable?: boolean | undefined;
}

/** What is compared. */
export interface Outcome extends End {
  readonly keys: ReadonlyArray<number | null>;
  readonly mints: number;
}

export const recorded = ({ result }: Scenario): Outcome => {
  const {
    attempts,
    distinct_idempotency_keys: distinct,
    idempotency_key_of_attempt: each,
  } = result;
  const keys = Predicate.isString(each)
    ? Array.from({ length: attempts }, () => (distinct === 0 ? null : 1))
    : each;
  const common = { keys, mints: result.mints ?? 0 };
  if (result.ok) return { kind: "value", ...common };
  if (result.class === "MetricsApiResponseError") return { kind: "response error", ...common };
  return {
    kind: "request error",
    status: result.status_code ?? undefined,
    code: result.error_code ?? undefined,
    retryable: result.retryable,
    ...common,
  };
};

// -----------------------------------------------------------------------------
// The rules of the service's client
// -----------------------------------------------------------------------------

/** What an answer means. */
interface Meaning {
  /** How the call ends when it is the last one. */
  readonly end: End;
  /** Another attempt may do better. */
  readonly isTransient?: boolean;
  /** It is to be asked for again. */
  readonly isInProgress?: boolean;
  /** The ingestion key is no good. */
  readonly refusesKey?: boolean;
}

/** A reply of a scenario, with what there is to know of it. */
interface Answer extends Reply {
  readonly name: string;
  readonly call: string;
  readonly timeout: number;
  /** What a good answer holds. */
  readonly data: unknown;
}

const value: Meaning = { end: { kind: "value" } };
const misshapen: Meaning = { end: { kind: "response error" } };
const lost: Meaning = { end: { kind: "request error", retryable: true }, isTransient: true };

/** The call that mints the keys of others. */
const minting = "create_ingestion_key";

const inProgress = "idempotency_key_in_progress";

const refusal = (status: number, error: unknown): Meaning => {
  const details = Predicate.hasProperty(error, "details") ? String(error.details) : "";
  const code = details
    .split(";")
    .map((part) => /^code=(.+)$/.exec(part.trim())?.[1])
    .find(Predicate.isNotUndefined);
  const isInProgress = code === inProgress;
  const isTransient = status >= 500 || [408, 425, 429].includes(status);
  const retryable = isTransient || (isInProgress && status === 409);
  return {
    end: { kind: "request error", status, code, retryable },
    isTransient,
    isInProgress,
    refusesKey: status === 401 || status === 403,
  };
};

/** What becomes of a shape that is not the good one, as it was recorded by itself. */
const ofShape = ({ call, name }: Answer): Meaning => {
  const alone = recording.scenarios.find(
    ({ call: ofCall, replies }) => ofCall === call && replies.length === 1 && replies[0] === name,
  );
  return alone?.result.ok === true ? value : misshapen;
};

const isSlow = ({ delay = 0, body_delay = 0, timeout }: Answer): boolean =>
  Math.max(delay, body_delay) > timeout;

export const toPython = (answer: Answer): Meaning => {
  const { action, data, name, status = 200 } = answer;
  if ((action !== undefined && action !== "chunked") || isSlow(answer)) return lost;
  let json: unknown;
  try {
    // Python reads NaN.
    json = JSON.parse(textOf(answer, data).replace(":NaN", ":null"));
  } catch {
    // It fails in its own way when a success is no JSON.
    if (status < 400) return { end: lost.end };
  }
  const object = Predicate.isObject(json) ? (json as Record<string, unknown>) : {};
  if (status >= 400) return refusal(status, object["error"]);
  if (object["error"] !== null || !("data" in object)) return misshapen;
  const isGood = JSON.stringify(object["data"]) === JSON.stringify(data);
  return isGood || name === "ok-extra-fields" ? value : ofShape(answer);
};

// -----------------------------------------------------------------------------
// Differences
// -----------------------------------------------------------------------------

export const isRedirect = ({ status = 200 }: Reply): boolean => status >= 300 && status < 400;

interface Difference {
  readonly reason: string;
  readonly applies: (answer: Answer, meaning: Meaning) => boolean;
  readonly ours: Meaning | ((answer: Answer) => Meaning);
}

const notJson: Meaning = { ...misshapen, isTransient: true };

/** What an answer means to us where it means another thing to the service's client, and why. */
export const differences: ReadonlyArray<Difference> = [
  {
    reason: "a 2xx that is not JSON is retried, and ends as a response error",
    applies: (_, { end, isTransient }) => end === lost.end && isTransient !== true,
    ours: notJson,
  },
  {
    reason: "NaN is no JSON",
    applies: ({ text }) => text?.includes("NaN") === true,
    ours: notJson,
  },
  {
    reason: "a mark of the byte order is no part of the text",
    applies: ({ text }) => text?.startsWith("\ufeff") === true,
    ours: value,
  },
  {
    reason: "no redirect is followed, and no 3xx is a success",
    applies: isRedirect,
    ours: ({ status }) => ({ end: { kind: "request error", status, retryable: false } }),
  },
  {
    reason: "the timeout covers the body, however steadily it drips",
    applies: ({ drip: [chunks, seconds] = [0, 0], timeout }) => chunks * seconds > timeout,
    ours: lost,
  },
  {
    reason: "a word that we do not know is a word",
    applies: ({ name }) => /^w-.*-unknown-/.test(name),
    ours: value,
  },
  {
    reason: "a number is neither a text nor a truth",
    applies: ({ name }, meaning) => /^w-.*-as-(?!float)/.test(name) && meaning === value,
    ours: misshapen,
  },
  {
    reason: "a Retry-After of more than a minute ends the retries",
    applies: ({ headers = [] }) =>
      headers.some(
        ([name, date]) => name === "Retry-After" && Date.parse(date) > Date.now() + 60_000,
      ),
    ours: ({ status = 200 }) => ({ end: refusal(status, undefined).end }),
  },
  {
    reason: "what refuses a new key is known by its code alone, and only if that is a plain word",
    applies: ({ call }, { end: { code = inProgress } }) =>
      call === minting && !/^[a-z]+(_[a-z]+)+$/.test(code),
    ours: ({ status = 200 }) => ({ end: refusal(status, undefined).end }),
  },
  {
    reason: "an error page of the edge is retried, whatever its status",
    applies: ({ text = "" }) => /^error code: 1|cloudflare-1xxx-errors|cf-error-code/.test(text),
    ours: ({ status }) => ({ ...lost, end: { ...lost.end, status } }),
  },
];

export const toUs = (answer: Answer): Meaning => {
  const meaning = toPython(answer);
  const { ours = meaning } = differences.findLast(({ applies }) => applies(answer, meaning)) ?? {};
  return typeof ours === "function" ? ours(answer) : ours;
};

/** "A call keeps its Idempotency-Key when its ingestion key is minted anew": with us its attempts have one, not two. */
export const withOneKey = (outcome: Outcome): Outcome => ({
  ...outcome,
  keys: outcome.keys.map((key) => key && 1),
});

// -----------------------------------------------------------------------------
// What is expected
// -----------------------------------------------------------------------------

export const retries = 2;
const polls = 10;

export const needsKey = (call: string): boolean =>
  call === "ingest_metrics" || call === "create_annotation";

export const replyOf = (
  names: ReadonlyArray<string>,
  n: number,
): readonly [name: string, Reply] => {
  const name = names[Math.min(n, names.length) - 1] ?? "ok";
  const reply = recording.replies[name];
  if (reply === undefined) throw new Error(`the recording has no reply ${name}`);
  return [name, reply];
};

/** What a call comes to, by what each answer means. */
export const outcomeBy = (meaningOf: (answer: Answer) => Meaning, scenario: Scenario): Outcome => {
  const { cached_key, call, mint, replies, timeout_s: timeout = 10, unreachable } = scenario;
  const { ok_data } = recording.calls[call]!;
  const isKeyed = needsKey(call) || scenario.result.distinct_idempotency_keys > 0;
  const keys: Array<number | null> = [];
  let mints = 0;

  /** Attempt after attempt, until one is the last. */
  const send = (ask: () => Meaning): Meaning => {
    let failed = 0;
    let asked = 0;
    for (;;) {
      const meaning = ask();
      if (
        meaning.isInProgress === true
          ? ++asked === polls
          : meaning.isTransient !== true || ++failed > retries
      ) {
        return meaning;
      }
    }
  };
  const newKey = () =>
    send(() => {
      const [name, reply] = replyOf(mint ?? [], ++mints);
      return meaningOf({ ...reply, name, call: minting, timeout, data: "a token" });
    });
  const sendUnder = (key: number) =>
    send(() => {
      if (unreachable === true) return lost;
      const [name, reply] = replyOf(replies, keys.push(isKeyed ? key : null));
      return meaningOf({ ...reply, name, call, timeout, data: ok_data });
    });
  const run = (): Meaning => {
    if (needsKey(call) && cached_key !== true) {
      const minted = newKey();
      if (minted.end.kind !== "value") return minted;
    }
    const first = sendUnder(1);
    if (!needsKey(call) || first.refusesKey !== true) return first;
    const minted = newKey();
    return minted.end.kind === "value" ? sendUnder(2) : minted;
  };
  const { end } = run();
  return { ...end, keys, mints };
};

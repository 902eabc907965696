/** Answers for one attempt after another, and what a client has to make of them by the letter of the rules. */

export interface Attempt {
  readonly is: "good" | "no JSON" | "lost" | "cut off" | "refused" | "refused, cut off";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What the headers ask for, in milliseconds. */
  readonly wait: number | undefined;
}

/** What the clock says in this world, as long as nobody sleeps. */
export const start = Date.parse("2026-01-01T00:00:00Z");

type Asked = readonly [header: string, value: string, wait: (now: number) => number | undefined];

const for_ = (millis: number | undefined) => () => millis;
const until = (date: string) => (now: number) => Math.max(0, Date.parse(date) - now);

// oxfmt-ignore
const asked: ReadonlyArray<Asked> = [
  ["retry-after", "0", for_(0)],
  ["retry-after", "3", for_(3_000)],
  ["retry-after", " 1.5 ", for_(1_500)],
  ["retry-after", "60", for_(60_000)],
  ["retry-after", "60.001", for_(60_001)],
  ["retry-after", "9".repeat(400), for_(Infinity)],
  ["retry-after", "Thu, 01 Jan 2026 00:00:20 GMT", until("2026-01-01T00:00:20Z")],
  ["retry-after", "Thursday, 01-Jan-26 00:00:20 GMT", until("2026-01-01T00:00:20Z")],
  ["retry-after", "Thu Jan  1 00:00:20 2026", until("2026-01-01T00:00:20Z")],
  ["retry-after", "Wed, 31 Dec 2025 23:59:59 GMT", for_(0)],
  ["retry-after", "Fri, 02 Jan 2026 00:00:00 GMT", until("2026-01-02T00:00:00Z")],
  ["retry-after", "Fri, 32 Foo 2026 25:61:61 GMT", for_(undefined)],
  ...["", "-1", "1e3", "0x10", "+5", "1,5", "3, 4", "NaN", "Infinity", "soon", "2026-01-01T00:00:20Z", "\u00b3"].map(
    (value): Asked => ["retry-after", value, for_(undefined)],
  ),
  ["retry-after-ms", "750", for_(750)],
  ["retry-after-ms", "60001", for_(60_001)],
  ["retry-after-ms", "-1", for_(undefined)],
  ["retry-after-ms", "1e3", for_(undefined)],
];

// oxfmt-ignore
const statuses = [
  300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 408, 409, 410, 412, 413, 418, 422, 425, 428, 429, 431,
  451, 499, 500, 501, 502, 503, 504, 505, 507, 511, 520, 599,
];
const transient = [408, 425, 429, 500, 502, 503, 504];

export type Pick = <A>(choices: ReadonlyArray<A>) => A;

// oxfmt-ignore
const fates: ReadonlyArray<Attempt["is"]> = [
  "good", "no JSON", "lost", "cut off", "refused", "refused", "refused", "refused", "refused", "refused, cut off",
];

/** What one attempt meets, when it is `now`. */
export const attemptAt = (now: number, pick: Pick): Attempt => {
  const is = pick(fates);
  if (is !== "refused" && is !== "refused, cut off") {
    return { is, status: 200, headers: {}, wait: undefined };
  }
  const status = pick(pick([statuses, transient, transient, transient]));
  const [header, value, wait] = pick(asked);
  return pick([true, false])
    ? { is, status, headers: {}, wait: undefined }
    : { is, status, headers: { [header]: value }, wait: wait(now) };
};

/** What the client does after an attempt. */
export type Move =
  | { readonly _tag: "Value" }
  | {
      readonly _tag: "Failure";
      readonly reason: string;
      readonly notRetried: string | undefined;
      readonly retryAfter: number | undefined;
    }
  /** At the earliest and at the latest after so many milliseconds. */
  | { readonly _tag: "Retry"; readonly earliest: number; readonly latest: number }
  | { readonly _tag: "NewKey" };

const named: { readonly [status: number]: string } = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  422: "Unprocessable",
  429: "RateLimited",
};
const reasonOf = (status: number) =>
  named[status] ?? (status < 400 ? "Redirected" : status < 500 ? "ClientStatus" : "ServerStatus");

/** A value, the reasons of a failure, and what kept one from being tried again. */
// oxfmt-ignore
export const everyEnding = [
  "Value", "InvalidJson", "Transport", "Redirected", "ClientStatus", "ServerStatus", ...Object.values(named),
  "retryAfter", "budget",
];

/** How far the call has come. */
export interface Course {
  /** Attempts so far, this one included. */
  readonly attempts: number;
  /** The same, under the key in use. */
  readonly ofThisKey: number;
  /** Retries that the budget still pays for. */
  readonly budget: number;
  /** The ingestion key in use comes from the cache, so that it may have been revoked since. */
  readonly cached: boolean;
}

const value: Move = { _tag: "Value" };

export const moveAfter = (
  { is, status, wait }: Attempt,
  method: string,
  { attempts, ofThisKey, budget, cached }: Course,
): Move => {
  const deletes = method === "DELETE";
  const isAnswer = is === "refused" || is === "refused, cut off";
  const failure = (reason: string, notRetried?: string): Move => ({
    _tag: "Failure",
    reason,
    notRetried,
    retryAfter: reason === "Redirected" ? undefined : wait,
  });
  // Nobody reads what a DELETE answers.
  if (is === "good" || (deletes && (is === "no JSON" || is === "cut off"))) return value;
  if (is === "no JSON") return failure("InvalidJson");
  if (isAnswer && status === 404 && deletes && attempts > 1) return value;
  if (isAnswer && (status === 401 || status === 403) && cached) return { _tag: "NewKey" };

  const reason = isAnswer ? reasonOf(status) : "Transport";
  if (isAnswer && !transient.includes(status)) return failure(reason);
  if (ofThisKey > 4) return failure(reason);
  if (wait !== undefined && wait > 60_000) return failure(reason, "retryAfter");
  if (budget === 0) return failure(reason, "budget");
  const backoff = Math.min(8_000, 250 * 2 ** (ofThisKey - 1));
  return { _tag: "Retry", earliest: wait ?? 0, latest: Math.max(wait ?? 0, backoff) };
};

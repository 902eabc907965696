/** Answers for one attempt after another, and what a client has to make of them by the letter of the rules. */

export interface Attempt {
  readonly is: "good" | "no JSON" | "misshapen" | "lost" | "cut off" | "refused";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What a refusal says. */
  readonly body: string;
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
const transient = [408, 425, 429, 500, 502, 503, 504, 522, 530, 599];

/** What a refusal says, most of them nothing that matters. */
const inProgress = '{"error":{"message":"busy","details":"a=1; code=idempotency_key_in_progress"}}';
// oxfmt-ignore
const bodies = [
  "", "<html>", '{"error":{"message":"no"}}', '{"error":{"message":"no","details":"code=slug_taken"}}',
  '{"error":{"message":"code=idempotency_key_in_progress","code":"idempotency_key_in_progress"}}', "an error code: 1020",
];
// oxfmt-ignore
const edgePages = ["error code: 1010", '<a href="/cloudflare-1xxx-errors">', '{"cf-error-code":1015}'];

export type Pick = <A>(choices: ReadonlyArray<A>) => A;

// oxfmt-ignore
const fates: ReadonlyArray<Attempt["is"]> = [
  "good", "good", "no JSON", "misshapen", "lost", "cut off", ...Array<"refused">(7).fill("refused"),
];

/** What one attempt meets, when it is `now`. */
export const attemptAt = (now: number, pick: Pick): Attempt => {
  const is = pick(fates);
  const answer = { is, status: 200, headers: {}, body: "", wait: undefined };
  if (is === "cut off") {
    // A 304 has no body that could be.
    return { ...answer, status: pick([200, ...statuses.filter((status) => status !== 304)]) };
  }
  if (is !== "refused") return answer;
  const status = pick(pick([statuses, transient, transient, transient]));
  const body = pick(pick([bodies, bodies, bodies, bodies, edgePages, [inProgress]]));
  const [header, value, wait] = pick(asked);
  return pick([true, false])
    ? { ...answer, status, body }
    : { is, status, body, headers: { [header]: value }, wait: wait(now) };
};

/** What the client does after an attempt. */
export type Move =
  | { readonly _tag: "Value" }
  | {
      readonly _tag: "Failure";
      readonly reason: string;
      readonly retryable: boolean | undefined;
      readonly notRetried: string | undefined;
      readonly retryAfter: number | undefined;
    }
  /** At the earliest and at the latest after so many milliseconds. */
  | { readonly _tag: "Retry"; readonly earliest: number; readonly latest: number }
  /** The same, to hear whether an earlier attempt is done. */
  | { readonly _tag: "Poll"; readonly wait: number }
  | { readonly _tag: "NewKey" };

const named: { readonly [status: number]: string } = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  422: "Unprocessable",
  429: "RateLimited",
};
/** How a status is told, by the letter of the specification. */
export const reasonOf = (status: number) =>
  named[status] ?? (status < 400 ? "Redirected" : status < 500 ? "ClientStatus" : "ServerStatus");

/** A value, the reasons of a failure, and what kept one from being tried again. */
// oxfmt-ignore
export const everyEnding = [
  "Value", "InvalidJson", "UnexpectedShape", "Transport", "Redirected", "ClientStatus", "ServerStatus",
  ...Object.values(named), "retryAfter", "budget",
];

/** How far the call has come. */
export interface Course {
  /** Retries so far, under the key in use. */
  readonly retries: number;
  /** How often the service said that an earlier attempt is at work. */
  readonly inProgress: number;
  /** Retries that the budget still pays for. */
  readonly budget: number;
  /** The call is under an ingestion key that may be replaced. */
  readonly replaceable: boolean;
}

const value: Move = { _tag: "Value" };

const moveAfterFailure = (
  reason: string,
  transient: boolean,
  wait: number | undefined,
  { retries, budget }: Course,
): Move => {
  const isResponse = reason === "InvalidJson" || reason === "UnexpectedShape";
  const failure = (notRetried?: string): Move => ({
    _tag: "Failure",
    reason,
    retryable: isResponse ? undefined : transient,
    notRetried: isResponse ? undefined : notRetried,
    retryAfter: wait,
  });
  if (!transient || retries === 4) return failure();
  if (wait !== undefined && wait > 60_000) return failure("retryAfter");
  if (budget === 0) return failure("budget");
  const backoff = Math.min(8_000, 250 * 2 ** retries);
  return { _tag: "Retry", earliest: wait ?? 0, latest: Math.max(wait ?? 0, backoff) };
};

export const moveAfter = ({ is, status, body, wait }: Attempt, course: Course): Move => {
  if (is === "good") return value;
  if (is === "misshapen") return moveAfterFailure("UnexpectedShape", false, undefined, course);
  if (is === "no JSON") return moveAfterFailure("InvalidJson", true, undefined, course);
  if (is !== "refused") return moveAfterFailure("Transport", true, undefined, course);
  if (status < 400) return moveAfterFailure("Redirected", false, undefined, course);

  if (body === inProgress) {
    const more = course.inProgress < 9;
    const retryable = status === 409 || isTransient(status);
    const notRetried = more && wait !== undefined && wait > 60_000 ? "retryAfter" : undefined;
    if (more && notRetried === undefined) return { _tag: "Poll", wait: wait || 500 };
    if (course.replaceable && (status === 401 || status === 403)) return { _tag: "NewKey" };
    return { _tag: "Failure", reason: reasonOf(status), retryable, notRetried, retryAfter: wait };
  }
  if (edgePages.includes(body)) return moveAfterFailure("ServerStatus", true, wait, course);
  if (course.replaceable && (status === 401 || status === 403)) return { _tag: "NewKey" };
  return moveAfterFailure(reasonOf(status), isTransient(status), wait, course);
};

const isTransient = (status: number): boolean =>
  status >= 500 || status === 408 || status === 425 || status === 429;

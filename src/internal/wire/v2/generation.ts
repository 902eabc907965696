import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import type { Issue } from "../../base/issue.ts";
import type { FailureWords, Generation, Operation, Plain } from "../operation.ts";

/** How much of a body stands for a message that is not there, in characters. */
const maxWords = 300;

/** The one plain route answers `{ "data": … }`; what else is in there does not matter. */
const readSuccess = (json: unknown): Result.Result<unknown, Issue> =>
  Predicate.hasProperty(json, "data")
    ? Result.succeed(json.data)
    : Result.fail({ path: ["data"], expected: "a value, but the field is missing" });

const nonEmpty = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/**
 * A request that fails as a whole has an `error` with a `message` and perhaps `details`, or is whatever stands in front
 * of the service says.
 */
const readFailure = (body: string): FailureWords => {
  const plain = { message: nonEmpty(body.trim().slice(0, maxWords)), code: undefined };
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return plain;
  }
  if (!Predicate.hasProperty(json, "error") || !Predicate.isObject(json.error)) return plain;
  const { message, details } = json.error as Record<string, unknown>;
  const words = nonEmpty(message) ?? plain.message;
  if (!details) return { message: words, code: undefined };
  const more = typeof details === "string" ? details : JSON.stringify(details);
  return { message: `${words}: ${more}`, code: undefined };
};

export const v2: Generation = { basePath: "/api/v2", readSuccess, readFailure };

/** An operation of this generation is an event, sent in an envelope, and the event that answers it. */
export interface EventOperation extends Operation {
  readonly event: string;
  /** The event of a good reply. */
  readonly reply: string;
  /** The `data` of the event. */
  readonly payload: Plain;
  /** The `data` of the reply. */
  readonly success: Plain;
}

type Defined<O> = O & {
  readonly generation: Generation;
  readonly method: "POST";
  readonly status: 200;
};
const asEvent = { generation: v2, method: "POST", status: 200 } as const;

/** What an event of the organization has in common with others, under the API key. */
export const organizationEvent = {
  path: "/events",
  auth: "apiKey",
  timeout: "timeout",
} as const;

/** The same of an event of one experiment, under its token. */
export const experimentEvent = {
  path: "/experiments/:experimentId/events",
  auth: "experimentToken",
  timeout: "timeout",
} as const;

/** An event of this generation. */
export const defineEvent = <const O extends Omit<EventOperation, keyof typeof asEvent>>(
  operation: O,
): Defined<O> => ({ ...operation, ...asEvent });

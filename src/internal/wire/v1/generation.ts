import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import type { Issue } from "../../base/issue.ts";
import { define, type FailureWords, type Generation, type Operation } from "../operation.ts";

/** How much of a body stands for a message that is not there, in characters. */
const maxWords = 500;

const wrong = (key: string, expected: string): Result.Result<never, Issue> =>
  Result.fail({ path: [key], expected });

/** A success is `{ "data": …, "error": null }`. */
const readSuccess = (json: unknown): Result.Result<unknown, Issue> => {
  if (!Predicate.isObject(json)) return Result.fail({ path: [], expected: "a JSON object" });
  if (!Object.hasOwn(json, "error")) return wrong("error", "null, but the field is missing");
  if (json["error"] !== null) return wrong("error", "null");
  if (!Object.hasOwn(json, "data")) return wrong("data", "a value, but the field is missing");
  return Result.succeed(json["data"]);
};

const nonEmpty = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** `code=…` among the parts of the details, the first that is not empty. */
const codeOf = (details: string): string | undefined => {
  for (const part of details.split(";")) {
    const code = /^\s*code=(.*)$/s.exec(part)?.[1]?.trim();
    if (code !== undefined && code !== "") return code;
  }
  return undefined;
};

const ofError = (error: unknown): FailureWords => {
  if (!Predicate.isObject(error)) return { message: nonEmpty(error), code: undefined };
  const message = nonEmpty(error["message"]);
  const details = nonEmpty(error["details"]);
  return {
    message: message === undefined || details === undefined ? message : `${message}: ${details}`,
    code: details && codeOf(details),
  };
};

/** A failure is `{ "error": { "message": …, "details"?: … } }`, or `{ "error": "…" }`, or whatever stands in front of the service says. */
const readFailure = (body: string): FailureWords => {
  const plain = nonEmpty(body.slice(0, maxWords).trim());
  try {
    const json: unknown = JSON.parse(body);
    const { message, code } = ofError(Predicate.isObject(json) ? json["error"] : undefined);
    return { message: message ?? plain, code };
  } catch {
    return { message: plain, code: undefined };
  }
};

export const v1: Generation = { basePath: "/api/v1", readSuccess, readFailure };

/** An operation of this generation. */
export const defineV1 = <const O extends Omit<Operation, "generation">>(operation: O) =>
  define({ ...operation, generation: v1 });

import { memoize } from "effect/Function";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type { MetricsApiResponseError } from "../base/errors.ts";
import { firstIssue, type Issue, tooDeep } from "../base/issue.ts";
import type { Operation } from "../wire/operation.ts";
import type { Answer, Exchange } from "./exchange.ts";
import { misshapen, notJson, tooLarge } from "./failures.ts";
import type { Success } from "./prepare.ts";

/** Built on first use and kept. */
const decoderOf = memoize((operation: Operation) => Schema.decodeUnknownResult(operation.success));

/** What the contract says of a piece of JSON, or the place where it is not so. */
export const decodeJson = <O extends Operation>(
  operation: O,
  json: unknown,
): Result.Result<Success<O>, Issue> => {
  try {
    const decoded = decoderOf(operation)(json);
    // What the schema of an operation decodes to is its `Success`; the compiler cannot see that of an `O` it does not know.
    return Result.mapError(decoded, firstIssue) as Result.Result<Success<O>, Issue>;
  } catch {
    // The one thing that throws here is a stack that ran out.
    return Result.fail(tooDeep);
  }
};

/** The text of a 2xx answer becomes what the contract says, or an error that names the place. */
export const decode = <O extends Operation>(
  operation: O,
  exchange: Exchange,
  answer: Answer,
): Result.Result<Success<O>, MetricsApiResponseError> => {
  if (!answer.complete) return Result.fail(tooLarge(exchange, answer));
  let json: unknown;
  try {
    json = JSON.parse(answer.text);
  } catch {
    return Result.fail(notJson(exchange, answer));
  }
  const data = operation.generation.readSuccess(json);
  if (Result.isFailure(data)) return Result.fail(misshapen(exchange, answer, data.failure));
  const decoded = decodeJson(operation, data.success);
  if (Result.isFailure(decoded)) {
    const { path, expected } = decoded.failure;
    return Result.fail(misshapen(exchange, answer, { path: ["data", ...path], expected }));
  }
  const { success } = decoded;
  return Result.succeed(
    operation.onHost === undefined
      ? success
      : // It takes and gives what this operation decodes to, or it would not type-check beside its schema.
        (operation.onHost(success as never, exchange.host) as Success<O>),
  );
};

import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type { MetricsApiResponseError } from "../../MetricsApiError.ts";
import type { Operation } from "../contract/operation.ts";
import { type Answer, type Exchange, misshapen, notJson, tooLarge } from "./exchange.ts";
import { firstIssue } from "./issue.ts";
import type { Success } from "./prepare.ts";

type Decode = (input: unknown) => Result.Result<unknown, Schema.SchemaError>;

const decoders = new WeakMap<Operation, Decode>();

const decoderOf = (
  operation: Operation & { readonly success: NonNullable<Operation["success"]> },
): Decode => {
  let found = decoders.get(operation);
  if (found === undefined) {
    found = Schema.decodeUnknownResult(operation.success);
    decoders.set(operation, found);
  }
  return found;
};

const hasBody = <O extends Operation>(
  operation: O,
): operation is O & { readonly success: NonNullable<Operation["success"]> } =>
  operation.success !== undefined;

/** The last step of the road: the text of a 2xx answer becomes what the contract says, or an error that names the place. */
export const decode = <O extends Operation>(
  operation: O,
  exchange: Exchange,
  answer: Answer,
): Effect.Effect<Success<O>, MetricsApiResponseError> => {
  // `Success` of an operation is the type of its schema, or void without one: exactly what is given here.
  const succeed = (value: unknown) => Effect.succeed(value as Success<O>);
  if (!hasBody(operation)) return succeed(undefined);
  if (!answer.complete) return Effect.fail(tooLarge(exchange, answer));
  let json: unknown;
  try {
    json = JSON.parse(answer.text);
  } catch {
    return Effect.fail(notJson(exchange, answer));
  }
  try {
    const plain = operation.plainly?.(json);
    if (plain !== undefined) return succeed(plain);
    const decoded = decoderOf(operation)(json);
    return Result.isSuccess(decoded)
      ? succeed(decoded.success)
      : Effect.fail(misshapen(exchange, answer, firstIssue(decoded.failure)));
  } catch {
    // The one thing that throws here is a stack that ran out.
    return Effect.fail(
      misshapen(exchange, answer, {
        path: [],
        expected: "JSON that is not nested thousands of levels deep",
      }),
    );
  }
};

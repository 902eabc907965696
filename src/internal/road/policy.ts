import * as Duration from "effect/Duration";
import type { ConfigService } from "../../ConfigService.ts";
import type { Policy } from "../../RequestPolicy.ts";
import type { Operation } from "../contract/operation.ts";
import { positiveDuration } from "../duration.ts";
import { isSize, sizeInWords } from "../size.ts";
import type { Issue } from "./issue.ts";

/** They say who is asking, or how to read the body, which are not the caller's to say. */
const reserved = new Set([
  "accept",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "idempotency-key",
  "transfer-encoding",
]);

const isHeader = (name: string, value: unknown): boolean =>
  /^[!#$%&'*+.^_`|~\w-]+$/.test(name) &&
  typeof value === "string" &&
  /^[\t\x20-\x7e\x80-\xff]*$/.test(value) &&
  !reserved.has(name.toLowerCase());

/** What a region of code set that cannot be. It is checked like the input that it is; no value is quoted. */
export const wrongPolicy = (policy: Policy): Issue | undefined => {
  for (const name of ["timeout", "deadline"] as const) {
    const limit = policy[name];
    if (limit !== undefined && positiveDuration(limit) === undefined) {
      return { path: [name], expected: "a positive duration" };
    }
  }
  if (policy.maxResponseBytes !== undefined && !isSize(policy.maxResponseBytes)) {
    return { path: ["maxResponseBytes"], expected: sizeInWords };
  }
  for (const [name, value] of Object.entries(policy.headers ?? {})) {
    if (!isHeader(name, value)) {
      return {
        path: ["headers", name],
        expected: "a header that HTTP allows and the client does not set itself",
      };
    }
  }
  return undefined;
};

const limitOf = <A>(input: Duration.Input | undefined, configured: A): Duration.Duration | A =>
  input === undefined ? configured : Duration.fromInputUnsafe(input);

/** What holds for a call: what its region of code says, else what the client was configured with. */
export const policyOf = (
  operation: Operation,
  policy: Policy,
  config: ConfigService["Service"],
) => ({
  timeout: limitOf(policy.timeout, config[operation.timeout]),
  deadline: limitOf(policy.deadline, config.deadline),
  schedule: policy.retry ?? config.retry,
  budget: policy.retryBudget ?? config.retryBudget,
  headers: Object.fromEntries(
    Object.entries(policy.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  ),
});

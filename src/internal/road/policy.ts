import * as Duration from "effect/Duration";
import type { Policy } from "../../RequestPolicy.ts";
import { positiveDuration } from "../duration.ts";
import type { Issue } from "./issue.ts";

/** The limit that a region of code set to what is none. It is checked like the input that it is. */
export const wrongLimit = (policy: Policy): Issue | undefined => {
  for (const name of ["timeout", "deadline"] as const) {
    const limit = policy[name];
    if (limit !== undefined && positiveDuration(limit) === undefined) {
      return { path: [name], expected: "a positive duration" };
    }
  }
  return undefined;
};

/** What the region says, else what the client was configured with. */
export const limitOf = <A>(
  input: Duration.Input | undefined,
  configured: A,
): Duration.Duration | A => (input === undefined ? configured : Duration.fromInputUnsafe(input));

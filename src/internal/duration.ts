import * as Duration from "effect/Duration";

/** The duration of an option, when it is one that a limit can have: more than nothing. */
export const positiveDuration = (input: Duration.Input): Duration.Duration | undefined => {
  try {
    const duration = Duration.fromInputUnsafe(input);
    return Duration.isPositive(duration) ? duration : undefined;
  } catch {
    return undefined;
  }
};

/** Options that users give: what they may be, and the complaint when they are not. */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { InvalidSetting, MetricsApiAuthError } from "./errors.ts";

/** Can this be a limit of how many? */
export const isCount = (input: number): boolean => Number.isSafeInteger(input) && input > 0;

export const countInWords = "a whole number above 0";

/** The duration of an option, when it is one that a limit can have: more than nothing. */
export const positiveDuration = (input: Duration.Input): Duration.Duration | undefined => {
  try {
    const duration = Duration.fromInputUnsafe(input);
    return Duration.isPositive(duration) ? duration : undefined;
  } catch {
    return undefined;
  }
};

/** The complaint about an option, or an environment variable, that is not what it must be. The value is not quoted. */
export const invalidSetting = (setting: string, mustBe: string): MetricsApiAuthError =>
  new MetricsApiAuthError({
    reason: new InvalidSetting({ setting, message: `${setting} is not ${mustBe}.` }),
  });

export const invalidDuration = (setting: string): MetricsApiAuthError =>
  invalidSetting(setting, 'a duration longer than nothing, such as "10 seconds"');

export const durationSetting = (
  input: Duration.Input,
  setting: string,
): Effect.Effect<Duration.Duration, MetricsApiAuthError> => {
  const duration = positiveDuration(input);
  return duration === undefined ? invalidDuration(setting) : Effect.succeed(duration);
};

/** A wait, which may be none. */
export const waitSetting = (
  input: Duration.Input,
  setting: string,
): Effect.Effect<Duration.Duration, MetricsApiAuthError> => {
  const duration = Duration.fromInput(input);
  return Option.isNone(duration) || Duration.isNegative(duration.value)
    ? invalidSetting(setting, 'a duration, such as "1 second"')
    : Effect.succeed(duration.value);
};

export const countSetting = (
  input: number,
  setting: string,
  mustBe = countInWords,
): Effect.Effect<number, MetricsApiAuthError> =>
  isCount(input) ? Effect.succeed(input) : invalidSetting(setting, mustBe);

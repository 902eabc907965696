import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { InvalidSetting, MetricsApiAuthError } from "../MetricsApiError.ts";
import { countInWords, isCount } from "./count.ts";
import { positiveDuration } from "./duration.ts";

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

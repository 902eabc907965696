import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { InvalidSetting, MetricsApiAuthError } from "../MetricsApiError.ts";
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

/** What an effect logs, as a terminal shows it, instead of showing it. */
import * as Effect from "effect/Effect";
import * as Logger from "effect/Logger";

/** The lines that `effect` logs are added to `lines`. */
export const loggingTo =
  (lines: Array<string>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provide(
      effect,
      Logger.layer([Logger.make((options) => void lines.push(Logger.formatLogFmt.log(options)))]),
    );

/** The messages that are logged where the layer is provided. */
export const listening = () => {
  const said: Array<string> = [];
  const logger = Logger.make(({ message }) => {
    said.push(String(message));
  });
  return { said, layer: Logger.layer([logger]) };
};

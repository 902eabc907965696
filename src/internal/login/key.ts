import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { InvalidKey, MetricsApiAuthError } from "../base/errors.ts";

/**
 * A key that a header can carry (RFC 9110 5.5), without the white space around it. The messages name the place and never the key.
 * `"local"` asks other Syvain tools for the saved login; here a layer does that.
 */
export const parseKey = (
  input: string | Redacted.Redacted,
  source: string,
): Effect.Effect<Redacted.Redacted, MetricsApiAuthError> => {
  const refuse = (message: string) =>
    new MetricsApiAuthError({ reason: new InvalidKey({ message }) });
  let given: unknown;
  try {
    given = Redacted.isRedacted(input) ? Redacted.value(input) : input;
  } catch {
    return refuse(
      `The API key of ${source} was made by another copy of effect, which keeps what it redacts to itself: there are two in node_modules. Install one (npm ls effect), or give the key as a string.`,
    );
  }
  const key = typeof given === "string" ? given.trim() : "";
  if (key === "local") {
    return refuse(
      `The API key of ${source} is "local": to use the login saved by the Syvain CLI, use ConfigService.layerLocal (or SyvainMetrics.layerLocal).`,
    );
  }
  if (key === "") return refuse(`The API key of ${source} is empty.`);
  if (!/^[\x21-\x7e]+$/.test(key)) {
    return refuse(
      `The API key of ${source} holds a character that no key has (a space, a line end, or beyond ASCII): copy it again.`,
    );
  }
  return Effect.succeed(Redacted.make(key, { label: "apiKey" }));
};

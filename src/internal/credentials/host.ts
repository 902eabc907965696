import * as Effect from "effect/Effect";
import { InvalidHost, MetricsApiAuthError } from "../../MetricsApiError.ts";

/** Where the service runs. */
export const defaultHost = "https://metrics.syvain.com";

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname);

/**
 * One spelling for each host, so that two can be compared: lower case, no default port, no slash at the end. A path is kept, as a prefix.
 * `source` says where the host was written, for the message, which quotes a host only when it is one: a key may have been put there by mistake.
 */
export const parseHost = (
  input: string,
  source: string,
  allowInsecureHost = false,
): Effect.Effect<string, MetricsApiAuthError> => {
  const refuse = (why: string) =>
    new MetricsApiAuthError({
      reason: new InvalidHost({ message: `The host of ${source} ${why}.` }),
    });
  let url: URL;
  try {
    url = new URL(input);
  } catch {
    return refuse('is not an absolute URL such as "https://metrics.example.com"');
  }
  if (url.username !== "" || url.password !== "") {
    return refuse("holds a user name or a password, which a host must not");
  }
  if (url.search !== "" || url.hash !== "" || input.includes("?") || input.includes("#")) {
    return refuse("holds a query or a fragment, which a host must not");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return refuse("is not an https: URL");
  }
  if (url.protocol === "http:" && !allowInsecureHost && !isLoopback(url.hostname)) {
    return refuse(
      `is ${url.origin}, which would carry the key in clear; use https:, or set allowInsecureHost: true`,
    );
  }
  return Effect.succeed(url.origin + url.pathname.replace(/\/+$/, ""));
};

import * as Effect from "effect/Effect";
import { InvalidHost, MetricsApiAuthError } from "../base/errors.ts";

/** Where the service runs, and where that of API v2 does. */
export const defaultHost = "https://metrics.syvain.com";
export const defaultHostV2 = "https://metrics.041.io";

export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname);

/** A host without its scheme. A name without a dot may be a key that was put here by mistake, and is not called. */
const bareHost = /^\s*(?:localhost|\[[\da-f:.]+\]|[\p{L}\d-]+(?:\.[\p{L}\d-]+)+)(?::\d+)?\/?\s*$/iu;

/**
 * One spelling for each host, so that two can be compared: lower case, no default port, no slash at the end. One without a scheme is taken as
 * `https:`. `source` says where the host was written, for the message, which quotes a host only when it is one: a key may have been put there
 * by mistake.
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
    url = new URL(bareHost.test(input) ? `https://${input.trim()}` : input);
  } catch {
    return refuse('is not an origin such as "https://metrics.example.com"');
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
  if (url.pathname !== "/") return refuse("holds a path, which a host must not");
  if (url.protocol === "http:" && !allowInsecureHost && !isLoopback(url.hostname)) {
    return refuse(
      `is ${url.origin}, which would carry the key in clear; use https:, or set allowInsecureHost: true`,
    );
  }
  return Effect.succeed(url.origin);
};

/**
 * Whom the API key speaks for.
 *
 * @module
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { MetricsApiError } from "../internal/base/errors.ts";
import { callPlain } from "../internal/events/call.ts";
import type { ConfigService } from "../internal/request/config.ts";
import { type AuthStatus, authStatus } from "../internal/wire/v2/auth.ts";

export { AuthStatus } from "../internal/wire/v2/auth.ts";

/**
 * Asks the service whom the API key speaks for.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Auth } from "syvain-metrics-effect/v2";
 *
 * const organization = Effect.map(Auth.status, ({ organization }) => organization.name);
 * ```
 *
 * @category endpoints
 */
export const status: Effect.Effect<AuthStatus, MetricsApiError, ConfigService | HttpClient> =
  callPlain(authStatus, {});

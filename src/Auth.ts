/**
 * Whom the API key speaks for.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { ConfigService } from "./ConfigService.ts";
import { AuthStatus, authStatus } from "./internal/contract/auth.ts";
import { call } from "./internal/road/call.ts";
import type { MetricsApiError } from "./MetricsApiError.ts";

export {
  /**
   * Whom an API key speaks for, and the schema of that.
   *
   * @category models
   * @since 0.1.0
   */
  AuthStatus,
};

/**
 * Asks the service whom the API key speaks for.
 *
 * @category endpoints
 * @since 0.1.0
 */
export const status: Effect.Effect<AuthStatus, MetricsApiError, ConfigService | HttpClient> = call(
  authStatus,
  {},
);

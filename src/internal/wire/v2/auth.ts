import * as Schema from "effect/Schema";
import { define } from "../operation.ts";
import { openLiterals } from "../schema.ts";
import { v2 } from "./generation.ts";

/**
 * Whom a key speaks for.
 *
 * @category models
 */
export interface AuthStatus {
  readonly auth: {
    /** What kind of key it is. Any other string decodes too: the service may add one. */
    readonly kind: "api_key" | (string & {});
  };
  readonly organization: { readonly id: string; readonly name: string | null };
}

/**
 * The schema of {@link AuthStatus}.
 *
 * @category models
 */
export const AuthStatus = Schema.Struct({
  auth: Schema.Struct({ kind: openLiterals(["api_key"]) }),
  organization: Schema.Struct({ id: Schema.String, name: Schema.NullOr(Schema.String) }),
}).annotate({ identifier: "AuthStatus" });

/** The one call that is no event. */
export const authStatus = define({
  generation: v2,
  name: "Auth.status",
  summary: "Whom the API key speaks for.",
  method: "GET",
  path: "/auth/status",
  success: AuthStatus,
  status: 200,
  auth: "apiKey",
  repeat: "safe",
  timeout: "timeout",
});

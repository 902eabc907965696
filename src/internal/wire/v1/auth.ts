import * as Schema from "effect/Schema";
import { nullable, openLiterals } from "../schema.ts";
import { defineV1 } from "./generation.ts";

/**
 * Whom a key speaks for.
 *
 * @category models
 */
export interface AuthStatus {
  readonly auth: {
    /** What kind of key it is. Any other string decodes too: the service may add one. */
    readonly kind: "api_key" | "session" | "ingestion_key" | (string & {});
  };
  readonly organization: { readonly id: string; readonly name: string | null };
}

/**
 * The schema of {@link AuthStatus}.
 *
 * @category models
 */
export const AuthStatus = Schema.Struct({
  auth: Schema.Struct({ kind: openLiterals(["api_key", "session", "ingestion_key"]) }),
  organization: Schema.Struct({ id: Schema.String, name: nullable(Schema.String) }),
}).annotate({ identifier: "AuthStatus" });

export const authStatus = defineV1({
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

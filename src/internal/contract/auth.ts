import * as Schema from "effect/Schema";
import { define } from "./operation.ts";
import { wireStruct } from "./schema.ts";

/** Whom the API key speaks for. */
export interface AuthStatus {
  readonly authenticated: boolean;
  readonly organization: { readonly id: string; readonly name: string } | null;
  readonly key: { readonly id: string; readonly scopes: ReadonlyArray<string> } | null;
}

export const AuthStatus = wireStruct({
  authenticated: Schema.Boolean,
  organization: Schema.NullOr(Schema.Struct({ id: Schema.String, name: Schema.String })),
  key: Schema.NullOr(Schema.Struct({ id: Schema.String, scopes: Schema.Array(Schema.String) })),
}).annotate({ identifier: "AuthStatus" });

export const authStatus = define({
  name: "Auth.status",
  summary: "Whom the API key speaks for.",
  method: "GET",
  path: "/auth/status",
  success: AuthStatus,
  status: 200,
  auth: "apiKey",
  retry: "safe",
  timeout: "timeout",
});

import type * as HttpServerRequest from "effect/http/HttpServerRequest";

/** The key or the token that a request carries. */
export const bearerOf = ({ headers }: HttpServerRequest.HttpServerRequest): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(headers["authorization"] ?? "")?.[1];

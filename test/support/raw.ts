import * as Effect from "effect/Effect";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Redacted from "effect/Redacted";
import { MetricsServer } from "../../src/testing/index.ts";

export interface Raw {
  /** `null` sends none; default: the API key. */
  readonly bearer?: string | null;
  readonly headers?: Record<string, string>;
  /** Sent as it is when it is a string, else as JSON. */
  readonly body?: unknown;
}

let keys = 0;

/** A request as any other client would write it, and its answer: nothing of our client is in it. */
export const raw = (
  method: "GET" | "POST" | "PATCH" | "DELETE" | "PUT",
  path: string,
  { bearer, headers, body }: Raw = {},
) =>
  Effect.gen(function* () {
    const server = yield* MetricsServer.MetricsServer;
    const token = bearer === undefined ? Redacted.value(server.apiKey) : bearer;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = yield* HttpClient.execute(
      HttpClientRequest.make(method)(`${server.host}/api/v1${path}`, {
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(method === "POST" || method === "PATCH"
            ? { "idempotency-key": `raw-${++keys}` }
            : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: HttpBody.text(text, "application/json") }),
      }),
    );
    const answer = yield* response.text;
    const isJson = response.headers["content-type"]?.includes("json") === true;
    return {
      status: response.status,
      headers: response.headers,
      text: answer,
      json: isJson ? JSON.parse(answer) : undefined,
    };
  });

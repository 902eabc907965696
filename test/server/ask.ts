import { it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Redacted from "effect/Redacted";
import { MetricsServer } from "../../src/testing/index.ts";

export interface Options {
  /** `null` sends none; default: the API key. */
  readonly bearer?: string | null;
  readonly headers?: Record<string, string>;
  /** Sent as it is when it is a string, else as JSON. */
  readonly body?: unknown;
  /** Default: `/api/v1`. */
  readonly base?: string;
}

export type Method = "GET" | "POST" | "PATCH" | "DELETE" | "PUT";

/** A request as any other client would write it, and its answer: nothing of our client is in it. */
export const ask = (
  method: Method,
  path: string,
  { bearer, headers, body, base = "/api/v1" }: Options = {},
) =>
  Effect.gen(function* () {
    const server = yield* MetricsServer.MetricsServer;
    const token = bearer === undefined ? Redacted.value(server.apiKey) : bearer;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = yield* HttpClientRequest.make(method)(server.host + base + path).pipe(
      body === undefined
        ? (request) => request
        : HttpClientRequest.setBody(HttpBody.text(text, "application/json")),
      HttpClientRequest.setHeaders({
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      }),
      HttpClient.execute,
    );
    const answer = yield* response.text;
    const isJson = response.headers["content-type"]?.startsWith("application/json") === true;
    const json = isJson ? JSON.parse(answer) : undefined;
    const details = json?.error?.details ?? "";
    const code = typeof details === "string" ? details.replace("code=", " ") : ` ${details.code}`;
    return {
      status: response.status,
      headers: response.headers,
      text: answer,
      json,
      data: json?.data,
      message: json?.error?.message as string | undefined,
      /** The status, and the code of a refusal that has one: `"409 folder_already_exists"`. */
      outcome: `${response.status}${code}`,
    };
  });

type Client = MetricsServer.MetricsServer | HttpClient.HttpClient;

/** A test against a server in process of its own. */
export const promise = (
  name: string,
  body: () => Generator<Effect.Effect<unknown, unknown, Client>, void>,
  options: MetricsServer.InProcessOptions = {},
) =>
  it.effect(name, () => Effect.gen(body).pipe(Effect.provide(MetricsServer.layerOptions(options))));

export const get = (path: string) => Effect.map(ask("GET", path), ({ data }) => data);

export const post = (path: string, body: unknown, bearer?: string) =>
  Effect.map(
    ask("POST", path, { ...(bearer === undefined ? {} : { bearer }), body }),
    ({ data }) => data,
  );

export const createFolder = (name: string, parent_id: string | null = null) =>
  Effect.map(post("/folders", { name, parent_id }), ({ folder }) => folder.folder_id as string);

export const createExperiment = (slug: string, rest: object = {}) =>
  Effect.map(post("/experiments", { slug, ...rest }), ({ experiment }) => experiment.id as string);

export const mint = (experiment: string, body: object = { name: "k" }) =>
  Effect.map(
    post(`/experiments/${experiment}/ingestion-keys`, body),
    ({ key, token }) => ({ ...key, token }) as { readonly id: string; readonly token: string },
  );

export const ingest = (experiment: string, data: ReadonlyArray<object>, query = "") =>
  Effect.flatMap(mint(experiment), ({ token }) =>
    ask("POST", `/experiments/${experiment}/ingest${query}`, { bearer: token, body: { data } }),
  );

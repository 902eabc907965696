/** The server on a real socket, on each of the stores, and the clients of both generations that reach it. */
import { describe, it } from "@effect/vitest";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { createServer } from "node:http";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Duration from "effect/Duration";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type * as HttpClient from "effect/http/HttpClient";
import type * as ConfigService from "../../src/ConfigService.ts";
import type * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import { makeApp } from "../../src/server/app.ts";
import { serveApp } from "../../src/server/http.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { implementations } from "./stores.ts";

export const apiKey = "ak_org_of_a_test";

/** Where the server is. */
export class Host extends Context.Service<Host, string>()("test/Host") {}

const listening = Layer.effect(
  Host,
  Effect.gen(function* () {
    const { answer } = yield* makeApp({
      isApiKey: (bearer) => bearer === apiKey,
      organization: { id: "organization", name: "Reference" },
      ingestionKeyTtl: Duration.hours(24),
    });
    return yield* serveApp(answer);
  }),
).pipe(Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })));

const clients = Layer.unwrap(Effect.map(Host, (host) => SyvainMetrics.layer({ apiKey, host })));

export type World =
  | Host
  | ConfigService.ConfigService
  | IngestionKeyCache.IngestionKeyCache
  | HttpClient.HttpClient;

/** A test against a server of its own on each store. */
export const onEachStore = (
  name: string,
  body: () => Generator<Effect.Effect<unknown, unknown, World>, void>,
): void => {
  describe(name, () => {
    for (const { name, layer } of implementations) {
      it.live(`on ${name}`, () =>
        Effect.gen(body).pipe(
          Effect.provide(
            Layer.merge(clients, FetchHttpClient.layer).pipe(
              Layer.provideMerge(listening),
              Layer.provide(layer),
            ),
          ),
        ),
      );
    }
  });
};

export interface Reply {
  readonly correlationId: string;
  readonly event: string;
  readonly data: { readonly [name: string]: unknown };
}

export interface Ask {
  /** Default: the API key; `null` sends none. */
  readonly bearer?: string | null;
  readonly headers?: Record<string, string>;
  /** Sent as it is when it is a string or bytes, else as JSON. */
  readonly body?: unknown;
}

/** A request as any other client would write it: nothing of our client is in it. */
export const ask = (method: string, path: string, { bearer = apiKey, headers, body }: Ask = {}) =>
  Effect.gen(function* () {
    const host = yield* Host;
    return yield* Effect.promise(async () => {
      const isRaw = typeof body === "string" || body instanceof Uint8Array;
      const response = await fetch(host + path, {
        method,
        headers: {
          "content-type": "application/json",
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isRaw ? (body as BodyInit) : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text };
    });
  });

let messages = 0;

export const event = (name: string, data: object, messageId = `m${messages++}`) => ({
  messageId,
  event: `syvain.v2.${name}`,
  data,
});
type Event = ReturnType<typeof event>;

/** The replies, in order. */
export const send = (events: ReadonlyArray<Event>, bearer = apiKey, path = "/api/v2/events") =>
  Effect.map(ask("POST", path, { bearer, body: events }), ({ text }): ReadonlyArray<Reply> =>
    JSON.parse(text),
  );

/** The reply to an event of the organization. */
export const one = (name: string, data: object) =>
  Effect.map(send([event(name, data)]), ([reply]) => reply!);

/** A refusal in short: `"404 experiment_not_found"`; of others, the event. */
export const outcome = ({ event, data }: Reply): string =>
  event === "syvain.v2.error" ? `${String(data["status"])} ${String(data["code"])}` : event;

export interface Opened {
  readonly experimentId: string;
  readonly experimentToken: string;
  readonly expiresAtMs: number;
}

export const open = (slug: string, rest: object = {}) =>
  Effect.map(
    one("experiment.open", { slug, description: "", meta: {}, ...rest }),
    ({ data }) => data as unknown as Opened,
  );

/** Events of an experiment, without its id, which is put into each. */
export const tell = (
  { experimentId, experimentToken }: Pick<Opened, "experimentId" | "experimentToken">,
  ...events: ReadonlyArray<readonly [name: string, data?: object, messageId?: string]>
) =>
  send(
    events.map(([name, data, id]) => event(`experiment.${name}`, { experimentId, ...data }, id)),
    experimentToken,
    `/api/v2/experiments/${experimentId}/events`,
  );

export const metric = (
  step: number,
  metricValue: number,
  { name = "loss", id, meta = {} }: { name?: string; id?: string; meta?: object } = {},
): readonly [string, object, string?] => {
  const data = { timestampMs: 1000 + step, step, metricName: name, metricValue, meta };
  return id === undefined ? ["metric", data] : ["metric", data, id];
};

/** The lines that answer a question for series. */
export const lines = (experimentId: string, rest: object = {}) =>
  Effect.map(
    ask("POST", "/api/v2/query/series", {
      headers: { accept: "application/x-ndjson" },
      body: event("query.experimentseries", { experimentId, filter: [], xAxis: "step", ...rest }),
    }),
    ({ text }): ReadonlyArray<Reply> =>
      text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  );

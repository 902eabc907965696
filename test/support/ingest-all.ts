/** A service that takes events and remembers every body, and events to send it. */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import type { MetricInput } from "../../src/Metrics.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { answerToAll } from "./socket-calls.ts";

export interface Taken {
  readonly text: string;
  readonly bytes: number;
  readonly ids: ReadonlyArray<string>;
  readonly key: string | undefined;
}

type Answer = (taken: Taken, n: number) => Effect.Effect<Response>;

export const accept: Answer = ({ ids }) =>
  Effect.succeed(Response.json({ accepted: ids.length, duplicates: 0 }, { status: 202 }));

/** Answers every batch; `taken` holds those that came. */
export const taking = (answer: Answer = accept) => {
  const taken: Array<Taken> = [];
  const client = HttpClient.make((request, url) => {
    if (url.pathname.endsWith("ingestion-keys")) {
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(answerToAll())));
    }
    const body = request.body._tag === "Uint8Array" ? request.body.body : new Uint8Array();
    const text = new TextDecoder().decode(body);
    const { metrics } = JSON.parse(text) as { metrics: ReadonlyArray<{ client_event_id: string }> };
    const ids = metrics.map(({ client_event_id }) => client_event_id);
    const one = { text, bytes: body.length, ids, key: request.headers["idempotency-key"] };
    taken.push(one);
    return Effect.map(answer(one, taken.length), (response) =>
      HttpClientResponse.fromWeb(request, response),
    );
  });
  const live = Effect.provide(
    Layer.merge(
      Layer.succeed(HttpClient.HttpClient, client),
      SyvainMetrics.layer({ apiKey: "k", host: "https://h.example" }),
    ),
  );
  return { taken, live };
};

export const event = (n: number, name = "loss"): MetricInput => ({
  clientEventId: String(n),
  name,
  value: n,
});

export const events = (n: number): Array<MetricInput> =>
  Array.from({ length: n }, (_, i) => event(i));

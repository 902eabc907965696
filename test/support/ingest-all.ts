/** A service that takes events and remembers every body, and events to send it. */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import type { MetricInput } from "../../src/Metrics.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";

export interface Taken {
  readonly text: string;
  readonly bytes: number;
  readonly ids: ReadonlyArray<string>;
  readonly key: string | undefined;
}

type Answer = (taken: Taken, n: number) => Effect.Effect<Response>;

const envelope = (data: unknown): Response => Response.json({ data, error: null });

export const accept: Answer = () => Effect.succeed(envelope({ ok: true, mode: "queued" }));

/** A key for any experiment. */
const credential = {
  key: {
    id: "k",
    experiment_id: "e",
    name: "n",
    created_at_ms: 0,
    expires_at_ms: 8.64e15,
    revoked_at_ms: null,
    last_used_at_ms: null,
  },
  token: "ik_1",
};

/** Answers every batch; `taken` holds those that came. */
export const taking = (answer: Answer = accept) => {
  const taken: Array<Taken> = [];
  const client = HttpClient.make((request, url) => {
    if (url.pathname.endsWith("ingestion-keys")) {
      return Effect.succeed(HttpClientResponse.fromWeb(request, envelope(credential)));
    }
    const body = request.body._tag === "Uint8Array" ? request.body.body : new Uint8Array();
    const text = new TextDecoder().decode(body);
    const { data } = JSON.parse(text) as { data: ReadonlyArray<{ client_event_id: string }> };
    const ids = data.map(({ client_event_id }) => client_event_id);
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

/** The same ten calls of effect's `HttpApiClient`. */
import * as Effect from "effect/Effect";
import * as HttpApiClient from "effect/http-api/HttpApiClient";
import { Api } from "./contract.js";

export const program = Effect.gen(function* () {
  const api = yield* HttpApiClient.make(Api, { baseUrl: "https://metrics.syvain.com" });
  const headers = { "idempotency-key": "key" };
  const { folder } = yield* api.folders.create({ headers, payload: { name: "iris" } });
  const { folders } = yield* api.folders.list({ query: { parentId: folder.id, limit: 10 } });
  const { experiment } = yield* api.experiments.create({
    headers,
    payload: { slug: "iris-1", folderId: folder.id },
  });
  const params = { id: experiment.id };
  const found = yield* api.experiments.get({ params });
  const { experiments } = yield* api.experiments.list({ query: { folderId: folder.id } });
  yield* api.experiments.update({ headers, params, payload: { status: "running" } });
  const { accepted } = yield* api.metrics.ingest({
    headers,
    params,
    payload: { metrics: [{ clientEventId: "loss/1", name: "loss", value: 0.5, step: 1 }] },
  });
  const { metrics } = yield* api.metrics.list({ params, query: { name: "loss" } });
  const { rows } = yield* api.metrics.compare({
    headers,
    payload: { series: [{ experimentId: experiment.id, metricName: "loss" }] },
  });
  const { annotation } = yield* api.annotations.create({
    headers,
    params,
    payload: { text: "done" },
  });
  return {
    folders: folders.map(({ name }) => name),
    slug: found.experiment.slug,
    experiments: experiments.map(({ createdAt }) => createdAt),
    accepted,
    metrics: metrics.map(({ value }) => value),
    rows: rows.map(({ value }) => value),
    text: annotation.text,
  };
});

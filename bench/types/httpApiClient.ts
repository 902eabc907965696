/** The same ten calls of effect's `HttpApiClient`. */
import * as Effect from "effect/Effect";
import * as HttpApiClient from "effect/http-api/HttpApiClient";
import { Api } from "./contract.js";

export const program = Effect.gen(function* () {
  const api = yield* HttpApiClient.make(Api, { baseUrl: "https://metrics.syvain.com" });
  const headers = { "idempotency-key": "key" };
  const { folder } = (yield* api.folders.create({ headers, payload: { name: "iris" } })).data;
  const { folders } = (yield* api.folders.list({ query: { path: folder.pathName } })).data;
  const { folderId } = folder;
  const { experiment } = (yield* api.experiments.create({
    headers,
    payload: { slug: "iris-1", folderId },
  })).data;
  const params = { id: experiment.id };
  const found = (yield* api.experiments.get({ params })).data;
  const { experiments } = (yield* api.experiments.list({ query: { status: "running", limit: 10 } }))
    .data;
  yield* api.experiments.updateStatus({ headers, params, payload: { status: "running" } });
  const { mode } = (yield* api.metrics.ingest({
    headers,
    params,
    query: {},
    payload: { data: [{ clientEventId: "loss/1", name: "loss", value: 0.5, step: 1 }] },
  })).data;
  const { rows } = (yield* api.metrics.list({ params, query: { metricName: "loss" } })).data;
  const compared = (yield* api.metrics.compare({
    query: { series: [{ experimentId: experiment.id, metricName: "loss" }] },
  })).data;
  const { annotation } = (yield* api.annotations.create({
    headers,
    params,
    payload: { annotation: "done" },
  })).data;
  return {
    folders: folders.map(({ name }) => name),
    slug: found.experiment.slug,
    experiments: experiments.map(({ createdAt }) => createdAt),
    mode,
    rows: rows.map(({ metricValue }) => metricValue),
    compared: compared.rows.map(({ metricValue }) => metricValue),
    text: annotation.annotation,
  };
});

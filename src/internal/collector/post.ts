import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { ConfigService } from "../../ConfigService.ts";
import type { IngestionKeyCache } from "../../IngestionKeyCache.ts";
import type { MetricsApiError } from "../../MetricsApiError.ts";
import { createAnnotation } from "../contract/annotations.ts";
import { updateExperimentStatus } from "../contract/experiments.ts";
import { ingestMetrics } from "../contract/metrics.ts";
import { metricsBody } from "../ingest/metricsBody.ts";
import { call } from "../road/call.ts";
import { callWithIngestionKey } from "../road/callWithIngestionKey.ts";
import type { Kind } from "../spool/block.ts";
import { decodeStatus } from "../spool/status.ts";

/** What sending needs. */
export type Road = ConfigService | HttpClient | IngestionKeyCache;

const utf8 = new TextEncoder();
/** Sends encoded events of one kind to an experiment. */
export const post = (
  experimentId: string,
  kind: Kind,
  body: string,
): Effect.Effect<void, MetricsApiError, Road> => {
  const params = { experiment_id: experimentId };
  switch (kind) {
    case "metric":
      return Effect.asVoid(
        callWithIngestionKey(ingestMetrics, {
          params,
          query: undefined,
          body: metricsBody(body),
        }),
      );
    case "annotation":
      return Effect.asVoid(
        callWithIngestionKey(createAnnotation, { params, body: utf8.encode(body) }),
      );
    case "status":
      return Effect.asVoid(
        call(updateExperimentStatus, { params, payload: { status: decodeStatus(body) } }),
      );
  }
};

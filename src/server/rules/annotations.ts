/** Annotations: notes on an experiment. */
import * as Effect from "effect/Effect";
import type { Metadata } from "../../internal/wire/schema.ts";
import { newId } from "../ids.ts";
import { currentMillis } from "../now.ts";
import { type Annotation, Store } from "../store.ts";
import { findExperiment } from "./experiments.ts";
import { UsedKey } from "./ingestionKeys.ts";

/** The newest first. The bounds are inclusive. */
export const listAnnotations = (
  experimentId: string,
  {
    from = -Infinity,
    to = Infinity,
    limit,
  }: { from?: number | undefined; to?: number | undefined; limit: number },
) =>
  Effect.gen(function* () {
    yield* findExperiment(experimentId);
    return yield* (yield* Store).annotations(experimentId, { from, to, limit });
  });

export const annotate = (experimentId: string, text: string, metadata: Metadata) =>
  Effect.gen(function* () {
    const store = yield* Store;
    yield* findExperiment(experimentId);
    const createdAt = yield* currentMillis;
    const annotation: Annotation = { id: newId(), experimentId, text, metadata, createdAt };
    yield* store.addAnnotation(annotation);
    yield* store.touchExperiment(experimentId, createdAt);
    const keyId = yield* UsedKey;
    if (keyId !== null) yield* store.touchIngestionKey(keyId, createdAt);
    return annotation;
  });

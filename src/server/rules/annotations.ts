/** Annotations: notes on an experiment. */
import * as Effect from "effect/Effect";
import type { Metadata } from "../../internal/wire/schema.ts";
import { newId } from "../ids.ts";
import { currentMillis } from "../now.ts";
import { type Annotation, Store } from "../store.ts";
import { findExperiment, touchExperiment } from "./experiments.ts";

/** The newest first. The bounds are inclusive. */
export const listAnnotations = (experimentId: string, from = -Infinity, to = Infinity) =>
  Effect.gen(function* () {
    yield* findExperiment(experimentId);
    return (yield* (yield* Store).annotations(experimentId))
      .filter(({ createdAt }) => createdAt >= from && createdAt <= to)
      .toReversed();
  });

export const annotate = (experimentId: string, text: string, metadata: Metadata) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const experiment = yield* findExperiment(experimentId);
    const createdAt = yield* currentMillis;
    const annotation: Annotation = { id: newId(), experimentId, text, metadata, createdAt };
    yield* store.addAnnotation(annotation);
    yield* touchExperiment(experiment, createdAt);
    return annotation;
  });

import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { ConfigService } from "../../ConfigService.ts";
import type { ExperimentInput } from "../../Experiments.ts";
import type { MetricsApiError } from "../../MetricsApiError.ts";
import { createExperiment, type Experiment, listExperiments } from "../contract/experiments.ts";
import { call } from "../road/call.ts";

/** Creates the experiment, or finds the one that has its slug: many processes may ask for the same one at a time. */
export const createOrFind = (
  input: ExperimentInput,
): Effect.Effect<Experiment, MetricsApiError, ConfigService | HttpClient> =>
  call(createExperiment, { payload: input }).pipe(
    Effect.map(({ experiment }) => experiment),
    Effect.catchReason("MetricsApiRequestError", "Conflict", (_, conflict) =>
      Effect.flatMap(
        call(listExperiments, { query: { slug: input.slug } }),
        ({ experiments }): Effect.Effect<Experiment, MetricsApiError> => {
          const found = experiments.find(({ slug }) => slug === input.slug);
          return found === undefined ? Effect.fail(conflict) : Effect.succeed(found);
        },
      ),
    ),
  );

/** A run to write to, as it is. */
import * as Effect from "effect/Effect";
import * as Experiments from "../v2/Experiments.ts";
import * as Runs from "../v2/Runs.ts";

/** Opening a run that is there replaces its description and its meta: they are read before, and kept. */
export const openAsItIs = (slug: string, folder: string | undefined) =>
  Effect.gen(function* () {
    const known = yield* Experiments.find(slug).pipe(
      Effect.flatMap(({ experiment }) => Experiments.get(experiment.experimentId)),
      Effect.map(({ experiment: { description, meta } }) => ({ description, meta })),
      Effect.catchIf(
        (error) => error._tag === "MetricsApiRequestError" && error.code === "experiment_not_found",
        () => Effect.succeed({}),
      ),
    );
    return yield* Runs.open({ slug, folder, ...known });
  });

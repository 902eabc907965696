/** The page of an experiment, which the service may give as a path, is a URL wherever an experiment is answered. */
import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import { layerAnswering } from "../support/answering.ts";
import { answerToAll } from "../support/socket-calls.ts";

const host = "https://metrics.example.com:8443";
const one = Effect.map(({ experiment }: { readonly experiment: Experiments.Experiment }) => [
  experiment,
]);
const some = Effect.map(
  ({ experiments }: { readonly experiments: ReadonlyArray<Experiments.ExperimentSummary> }) =>
    experiments,
);
const answers = {
  "Experiments.create": one(Experiments.create({ slug: "s" })),
  "Experiments.get": one(Experiments.get("e")),
  "Experiments.list": some(Experiments.list()),
  "Experiments.updateStatus": one(Experiments.updateStatus("e", "done")),
  "Experiments.move": one(Experiments.move("e", null)),
  "Folders.get": some(Folders.get("f")),
  "Annotations.create": Effect.map(
    Annotations.create("e", { annotation: "t" }),
    ({ experiment }) => [experiment!],
  ),
};

for (const [name, answer] of Object.entries(answers)) {
  it.effect(`${name} makes a path one on the host that was asked, and leaves a URL as it is`, () =>
    Effect.gen(function* () {
      const elsewhere = "https://app.example.com/e/e?x=1";
      for (const [given, expected] of [
        ["/e/e?x=1", `${host}/e/e?x=1`],
        [elsewhere, elsewhere],
      ] as const) {
        const body = answerToAll().replaceAll('"url":"/e/e"', `"url":"${given}"`);
        const experiments = yield* Effect.provide(
          answer,
          layerAnswering(() => new Response(body), { host }),
        );
        assert.isNotEmpty(experiments);
        for (const { url } of experiments) assert.strictEqual(url, expected);
      }
    }),
  );
}

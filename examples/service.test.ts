/** A service of your own that uses the client, tested against a server that keeps state and breaks when told to. */
import { assert, it } from "@effect/vitest";
import { Context, Effect, Layer } from "effect";
import type { HttpClient } from "effect/http";
import { type ConfigService, Experiments, type MetricsApiError } from "syvain-metrics-effect";
import { Faults, MetricsServer } from "syvain-metrics-effect/testing";

/** One experiment per slug: the one that is there, else a new one. */
class Runs extends Context.Service<
  Runs,
  { readonly open: (slug: string) => Effect.Effect<string, MetricsApiError.MetricsApiError> }
>()("app/Runs") {
  static readonly layer = Layer.effect(
    Runs,
    Effect.gen(function* () {
      const context = yield* Effect.context<ConfigService.ConfigService | HttpClient.HttpClient>();
      const find = (slug: string) =>
        Effect.map(Experiments.list({ slug }), ({ experiments }) => experiments[0]!.id);
      const open = (slug: string) =>
        Effect.map(Experiments.create({ slug }), ({ experiment }) => experiment.id).pipe(
          Effect.catchReason("MetricsApiRequestError", "Conflict", () => find(slug)),
          Effect.provideContext(context),
        );
      return { open };
    }),
  );
}

it.live("opens one run, though the connection breaks after the server has created it", () =>
  Effect.gen(function* () {
    const runs = yield* Runs;
    yield* Faults.dropAfter({ match: { operation: "Experiments.create" } });
    const first = yield* runs.open("iris");
    assert.strictEqual(yield* runs.open("iris"), first);
  }).pipe(Effect.provide(Runs.layer.pipe(Layer.provideMerge(MetricsServer.layerClient())))),
);

/**
 * `syvain-metrics-effect resend`: sends what jobs left in a spool directory.
 */
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as References from "effect/References";
import * as Runtime from "effect/Runtime";
import * as Collector from "../Collector.ts";
import * as Spool from "../Spool.ts";
import * as SyvainMetrics from "../SyvainMetrics.ts";
import * as SyvainMetricsV2 from "../v2/SyvainMetrics.ts";
import { quietFlag, stoppable } from "./client.ts";
import { layer as httpClient } from "./httpClient.ts";
import { progressBar } from "./progressBar.ts";
import { counted } from "./terminal.ts";

const inWords = ({ delivered, refused, remaining }: Collector.Recovery) =>
  [
    `${counted(delivered, "event")} delivered`,
    ...(refused === 0 ? [] : [`${counted(refused, "event")} refused by the service for good`]),
    ...(remaining === 0
      ? []
      : [`${counted(remaining, "event")} kept, as the service did not take them`]),
  ].join(", ");

const nothing: Collector.Recovery = { delivered: 0, refused: 0, remaining: 0, leftAlone: [] };

/** Both together. What one of them leaves alone as it is for the other is the business of that one. */
const both = (one: Collector.Recovery, other: Collector.Recovery): Collector.Recovery => ({
  delivered: one.delivered + other.delivered,
  refused: one.refused + other.refused,
  remaining: one.remaining + other.remaining,
  leftAlone: one.leftAlone.flatMap((found) => {
    const also = other.leftAlone.find(({ path }) => path === found.path);
    if (also === undefined) return [];
    return [found.reason === "other" ? also : found];
  }),
});

/** All that could be sent was, and something was left to others. */
class LeftAlone extends Error {
  override readonly [Runtime.errorExitCode] = 3;
}

const collectorV1 = (host: Option.Option<string>) =>
  Collector.layer({ recoverOnStart: false }).pipe(
    Layer.provide(httpClient),
    Layer.provide(SyvainMetrics.layerAuto({ host: Option.getOrUndefined(host) })),
  );

const collectorV2 = (host: Option.Option<string>) =>
  Collector.layer({ api: "v2", recoverOnStart: false }).pipe(
    Layer.provide(httpClient),
    Layer.provide(SyvainMetricsV2.layerAuto({ host: Option.getOrUndefined(host) })),
  );

export const resend = Command.make(
  "resend",
  {
    spool: Flag.Directory("spool", { mustExist: true }).pipe(
      Flag.withDescription("The directory of Spool.layerFileSystem"),
    ),
    host: Flag.String("host").pipe(
      Flag.optional,
      Flag.withDescription("The service; by default as for the key"),
    ),
    quiet: quietFlag,
  },
  ({ spool, host, quiet }) =>
    Effect.gen(function* () {
      const bar = progressBar("Sending", { quiet, unit: "events" });
      const recover = (before: Collector.Recovery) =>
        Effect.flatMap(Collector.Collector, (collector) =>
          collector.recover((now) => {
            const { delivered, refused, remaining } = both(before, now);
            bar.show(delivered + refused, delivered + refused + remaining);
          }),
        );
      const recovery = yield* Effect.gen(function* () {
        const overV1 = yield* Effect.provide(recover(nothing), collectorV1(host));
        const overV2 = yield* Effect.provide(recover(overV1), collectorV2(host));
        return both(overV1, overV2);
      }).pipe(
        // What is left alone is told below.
        Effect.provideService(References.MinimumLogLevel, "Warn"),
        Effect.ensuring(Effect.sync(() => bar.end())),
      );
      const { delivered, leftAlone, refused, remaining } = recovery;
      const said =
        delivered + refused + remaining > 0
          ? `${inWords(recovery)}.`
          : `Nothing to send in ${spool}.`;
      const lines = leftAlone.map(({ path, detail }) => `  ${path}: ${detail}`);
      const alone = lines.length === 0 ? [] : ["Left alone:", ...lines];
      if (refused + remaining > 0)
        return yield* Effect.fail(new Error([said, ...alone].join("\n")));
      yield* Console.log(said);
      if (alone.length > 0) yield* Effect.fail(new LeftAlone(alone.join("\n")));
    }).pipe(stoppable, Effect.provide(Spool.layerFileSystem(spool))),
).pipe(
  Command.withDescription(
    "Send what jobs left in a spool directory, over either API. The key is SYVAIN_METRICS_API_KEY, else that of the " +
      "saved login. Exit code 1: something could not be sent; 3: something was left alone, as its job is alive, it is for another " +
      "host, or it cannot be read",
  ),
);

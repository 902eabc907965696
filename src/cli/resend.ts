/**
 * `syvain-metrics-effect resend`: sends what jobs left in a spool directory.
 */
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Runtime from "effect/Runtime";
import * as Collector from "../Collector.ts";
import * as Spool from "../Spool.ts";
import * as SyvainMetrics from "../SyvainMetrics.ts";
import { layer as httpClient } from "./httpClient.ts";
import { progressBar } from "./progressBar.ts";

const counted = (count: number) => `${count.toLocaleString("en")} event${count === 1 ? "" : "s"}`;

const inWords = ({ delivered, refused, remaining }: Collector.Recovery) =>
  [
    `${counted(delivered)} delivered`,
    ...(refused === 0 ? [] : [`${counted(refused)} refused by the service for good`]),
    ...(remaining === 0 ? [] : [`${counted(remaining)} kept, as the service did not take them`]),
  ].join(", ");

/** All that could be sent was, and something was left to others. */
class LeftAlone extends Error {
  override readonly [Runtime.errorExitCode] = 3;
}

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
  },
  ({ spool, host }) =>
    Effect.gen(function* () {
      const bar = progressBar("Sending");
      const recovery = yield* Effect.gen(function* () {
        const collector = yield* Collector.Collector;
        return yield* collector.recover(({ delivered, refused, remaining }) =>
          bar.show(delivered + refused, delivered + refused + remaining),
        );
      }).pipe(Effect.ensuring(Effect.sync(() => bar.end())));
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
    }).pipe(
      // As a shell tells that of SIGINT.
      Effect.onInterrupt(() => Effect.sync(() => void (process.exitCode = 130))),
      Effect.provide(
        Collector.layer({ recoverOnStart: false }).pipe(
          Layer.provide(Spool.layerFileSystem(spool)),
          Layer.provide(httpClient),
          Layer.provide(SyvainMetrics.layerAuto({ host: Option.getOrUndefined(host) })),
        ),
      ),
    ),
).pipe(
  Command.withDescription(
    "Send what jobs left in a spool directory. The key is SYVAIN_METRICS_API_KEY, else that of the saved login. " +
      "Exit code 1: something could not be sent; 3: something was left alone, as its job is alive, it is for another " +
      "host, or it cannot be read",
  ),
);

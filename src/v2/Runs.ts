/**
 * Runs: experiments that are being written.
 *
 * @module
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { Scope } from "effect/Scope";
import type { MetricsApiError } from "../internal/base/errors.ts";
import type { ConfigService } from "../internal/request/config.ts";
import { type OpenOptions, openRun, type Run } from "../internal/runs/run.ts";

export type { InvalidPoint, MetricsOptions, MetricsResult } from "../internal/runs/models.ts";
export type { OpenOptions, Run } from "../internal/runs/run.ts";
export type { Metadata } from "../internal/wire/schema.ts";
export { MetricPoint } from "../internal/wire/v2/runs.ts";

/**
 * Creates an experiment, or opens the one of this slug again, to write it until the scope closes.
 *
 * **Details**
 *
 * The run has a token of its own, which is renewed 5 minutes before it expires and when it is refused (401), once for
 * all calls that wait for it, and revoked when the scope closes. Metrics are sent again where that may help;
 * everything else is sent once, since a second annotation would stand beside the first. An unknown `folder` is
 * `NotFound`, with the code `folder_not_found`, before anything is opened.
 *
 * **Gotchas**
 *
 * Opening a slug that is there replaces its description and its meta. The status is yours to tell: nothing is sent
 * when the scope closes but the end of the token. A token that nobody used for a day cannot be renewed: open the run
 * again.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Runs } from "syvain-metrics-effect/v2";
 *
 * const program = Effect.gen(function* () {
 *   const run = yield* Runs.open({ slug: "run-1", folder: "/models" });
 *   yield* run.start;
 *   yield* run.metrics([2.31, 1.87].map((value, step) => ({ name: "loss", value, step })));
 *   yield* run.annotate("checkpoint", { meta: { path: "epoch-1.pt" } });
 *   yield* run.done;
 * }).pipe(Effect.scoped);
 * ```
 *
 * @category constructors
 */
export const open: (
  options: OpenOptions,
) => Effect.Effect<Run, MetricsApiError, ConfigService | HttpClient | Scope> = openRun;

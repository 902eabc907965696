/**
 * Everything a program on the client needs beside an `HttpClient`, in one layer: a `ConfigService` and the in-memory `IngestionKeyCache`.
 *
 * @module
 */
import type * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import * as ConfigService from "./ConfigService.ts";
import * as IngestionKeyCache from "./IngestionKeyCache.ts";
import type { MetricsApiAuthError } from "./internal/base/errors.ts";

/**
 * What these layers provide.
 *
 * @category models
 */
export type SyvainMetrics = ConfigService.ConfigService | IngestionKeyCache.IngestionKeyCache;

/**
 * An explicit key. See `ConfigService.layer`.
 *
 * @example
 * ```ts
 * import { SyvainMetrics } from "syvain-metrics-effect";
 *
 * const live = SyvainMetrics.layer({ apiKey: "ak_org_…", host: "https://metrics.example.com" });
 * ```
 *
 * @category layers
 */
export const layer = (
  options: ConfigService.KeyOptions,
): Layer.Layer<SyvainMetrics, MetricsApiAuthError> =>
  Layer.merge(ConfigService.layer(options), IngestionKeyCache.layer);

/**
 * The saved login. See `ConfigService.layerLocal`.
 *
 * @example
 * ```ts
 * import { SyvainMetrics } from "syvain-metrics-effect";
 *
 * const live = SyvainMetrics.layerLocal();
 * ```
 *
 * @category layers
 */
export const layerLocal = (
  options?: ConfigService.LocalOptions,
): Layer.Layer<SyvainMetrics, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.merge(ConfigService.layerLocal(options), IngestionKeyCache.layer);

/**
 * The environment. See `ConfigService.layerConfig`.
 *
 * @example
 * ```ts
 * import { SyvainMetrics } from "syvain-metrics-effect";
 *
 * const live = SyvainMetrics.layerConfig;
 * ```
 *
 * @category layers
 */
export const layerConfig: Layer.Layer<SyvainMetrics, MetricsApiAuthError> = Layer.merge(
  ConfigService.layerConfig,
  IngestionKeyCache.layer,
);

/**
 * The option, else the environment, else the saved login. See `ConfigService.layerAuto`.
 *
 * @example
 * ```ts
 * import { SyvainMetrics } from "syvain-metrics-effect";
 *
 * const live = SyvainMetrics.layerAuto();
 * ```
 *
 * @category layers
 */
export const layerAuto = (
  options?: ConfigService.AutoOptions,
): Layer.Layer<SyvainMetrics, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.merge(ConfigService.layerAuto(options), IngestionKeyCache.layer);

/**
 * Everything a program on the client needs beside an `HttpClient`, in one layer: a `ConfigService` and the in-memory `IngestionKeyCache`.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import * as ConfigService from "./ConfigService.ts";
import * as IngestionKeyCache from "./IngestionKeyCache.ts";
import type { MetricsApiAuthError } from "./MetricsApiError.ts";

/**
 * What these layers provide.
 *
 * @category models
 * @since 0.1.0
 */
export type SyvainMetrics = ConfigService.ConfigService | IngestionKeyCache.IngestionKeyCache;

/**
 * An explicit key. See `ConfigService.layer`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: ConfigService.KeyOptions,
): Layer.Layer<SyvainMetrics, MetricsApiAuthError> =>
  Layer.merge(ConfigService.layer(options), IngestionKeyCache.layer);

/**
 * The login saved by the Syvain CLI. See `ConfigService.layerLocal`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = (
  options?: ConfigService.Options,
): Layer.Layer<SyvainMetrics, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.merge(ConfigService.layerLocal(options), IngestionKeyCache.layer);

/**
 * The environment. See `ConfigService.layerConfig`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<SyvainMetrics, MetricsApiAuthError> = Layer.merge(
  ConfigService.layerConfig,
  IngestionKeyCache.layer,
);

/**
 * The option, else the environment, else the saved login. See `ConfigService.layerAuto`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerAuto = (
  options?: ConfigService.AutoOptions,
): Layer.Layer<SyvainMetrics, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.merge(ConfigService.layerAuto(options), IngestionKeyCache.layer);

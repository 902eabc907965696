/**
 * Everything a program on API v2 needs beside an `HttpClient`, in one layer: a `ConfigService`, as from the layers of
 * the same names of v1, but that the default host is `https://metrics.041.io`. There are no ingestion keys in v2.
 *
 * @module
 */
import type * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import type { MetricsApiAuthError } from "../internal/base/errors.ts";
import {
  type AutoOptions,
  configuredByEnvironment,
  configuredByFirst,
  configuredByLogin,
  type KeyOptions,
  type LocalOptions,
  withGivenKey,
} from "../internal/credentials/credentials.ts";
import { defaultHostV2 as defaultHost } from "../internal/login/host.ts";
import { ConfigService } from "../internal/request/config.ts";

/**
 * What these layers provide.
 *
 * @category models
 */
export type SyvainMetrics = ConfigService;

/**
 * An explicit key. See `ConfigService.layer`.
 *
 * @example
 * ```ts
 * import { SyvainMetrics } from "syvain-metrics-effect/v2";
 *
 * const live = SyvainMetrics.layer({ apiKey: "ak_org_…" });
 * ```
 *
 * @category layers
 */
export const layer = (options: KeyOptions): Layer.Layer<ConfigService, MetricsApiAuthError> => {
  const from = "SyvainMetrics.layer";
  return Layer.effect(
    ConfigService,
    withGivenKey(options.apiKey, from, "apiKey", options.host ?? defaultHost, from, options),
  );
};

/**
 * The saved login, whose key goes to the host it was saved for. See `ConfigService.layerLocal`.
 *
 * @example
 * ```ts
 * import { SyvainMetrics } from "syvain-metrics-effect/v2";
 *
 * const live = SyvainMetrics.layerLocal();
 * ```
 *
 * @category layers
 */
export const layerLocal = (
  options: LocalOptions = {},
): Layer.Layer<ConfigService, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ConfigService, configuredByLogin(options, "SyvainMetrics.layerLocal"));

/**
 * The environment. See `ConfigService.layerConfig`.
 *
 * @example
 * ```ts
 * import { SyvainMetrics } from "syvain-metrics-effect/v2";
 *
 * const live = SyvainMetrics.layerConfig;
 * ```
 *
 * @category layers
 */
export const layerConfig: Layer.Layer<ConfigService, MetricsApiAuthError> = Layer.effect(
  ConfigService,
  configuredByEnvironment(defaultHost),
);

/**
 * The option, else the environment, else the saved login. See `ConfigService.layerAuto`.
 *
 * @example
 * ```ts
 * import { SyvainMetrics } from "syvain-metrics-effect/v2";
 *
 * const live = SyvainMetrics.layerAuto();
 * ```
 *
 * @category layers
 */
export const layerAuto = (
  options: AutoOptions = {},
): Layer.Layer<ConfigService, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ConfigService, configuredByFirst(options, defaultHost, "SyvainMetrics.layerAuto"));

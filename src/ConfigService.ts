/**
 * Who we are, where we talk to, and how long we wait: the service that every endpoint reads, and its layers.
 *
 * A key goes only to the host it is paired with. An explicit or environment key goes to the explicit or environment host, or to the
 * default `https://metrics.syvain.com`, never to the host of a saved login; the key of a saved login goes only to the host it was saved for.
 *
 * @module
 */
import type * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import type * as Path from "effect/Path";
import type { MetricsApiAuthError } from "./internal/base/errors.ts";
import {
  type AutoOptions,
  configuredByEnvironment,
  configuredByFirst,
  configuredByLogin,
  type KeyOptions,
  type LocalOptions,
  withGivenKey,
} from "./internal/credentials/credentials.ts";
import { defaultHost } from "./internal/login/host.ts";
import { ConfigService } from "./internal/request/config.ts";

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

export { ConfigService } from "./internal/request/config.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

export type {
  AutoOptions,
  KeyOptions,
  LocalOptions,
  Options,
} from "./internal/credentials/credentials.ts";

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * An explicit key.
 *
 * **Details**
 *
 * Fails with `MetricsApiAuthError` when the layer is built, before a byte is sent: a key that is empty or not visible ASCII (`InvalidKey`),
 * a host that is not an `https:` origin or one on loopback (`InvalidHost`), a limit that is no positive duration (`InvalidSetting`).
 *
 * @example
 * ```ts
 * import { ConfigService } from "syvain-metrics-effect";
 *
 * const config = ConfigService.layer({ apiKey: "ak_org_…", deadline: "1 minute" });
 * ```
 *
 * @category layers
 */
export const layer = (options: KeyOptions): Layer.Layer<ConfigService, MetricsApiAuthError> => {
  const from = "ConfigService.layer";
  return Layer.effect(
    ConfigService,
    withGivenKey(options.apiKey, from, "apiKey", options.host ?? defaultHost, from, options),
  );
};

/**
 * The login that a Syvain tool saved: `o41-metrics/auth.json` below `$XDG_CONFIG_HOME`, or `~/.config` where that is not set, on every
 * platform; and `syvain-metrics/auth.json` where there is no such file.
 *
 * **Details**
 *
 * The file is JSON, `{ "apiKey": "…", "host"?: "…", "orgId"?: "…", "loginAt"?: 0 }`. A missing, unreadable, ill-formed or key-less one is a
 * `MetricsApiAuthError` (`UnusableLogin`) that names the path, and so is one that every user of the machine may write; one that others may
 * open is warned of in the log. Naming another host than the saved one is a `MetricsApiAuthError` (`HostMismatch`) that names both.
 *
 * @example
 * ```ts
 * import { ConfigService } from "syvain-metrics-effect";
 *
 * const config = ConfigService.layerLocal({ timeout: "30 seconds" });
 * ```
 *
 * @category layers
 */
export const layerLocal = (
  options: LocalOptions = {},
): Layer.Layer<ConfigService, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ConfigService, configuredByLogin(options, "ConfigService.layerLocal"));

/**
 * The environment, through Effect's `Config`: `SYVAIN_METRICS_API_KEY`, `SYVAIN_METRICS_HOST`, and the durations
 * `SYVAIN_METRICS_TIMEOUT` and `SYVAIN_METRICS_INGEST_TIMEOUT` (such as `"30 seconds"`; a bare number does not say its unit, and is refused).
 * `O41_METRICS_API_KEY` and `O41_METRICS_HOST` come before the first two, as in today's tools.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer";
 * import * as FetchHttpClient from "effect/http/FetchHttpClient";
 * import { ConfigService } from "syvain-metrics-effect";
 *
 * const live = Layer.merge(ConfigService.layerConfig, FetchHttpClient.layer);
 * ```
 *
 * @category layers
 */
export const layerConfig: Layer.Layer<ConfigService, MetricsApiAuthError> = Layer.effect(
  ConfigService,
  configuredByEnvironment(defaultHost),
);

/**
 * The chain of the Syvain tools. The key: the option, else the environment, else the saved login. Each limit: the option, else the environment, else its default.
 *
 * **Details**
 *
 * A key of the option or the environment goes to the host of the option, else of the environment, else to the default one.
 * A saved login is read only when there is no other key, and its key goes only to the host it was saved for.
 *
 * @example
 * ```ts
 * import { ConfigService } from "syvain-metrics-effect";
 *
 * const config = ConfigService.layerAuto({ deadline: "2 minutes" });
 * ```
 *
 * @category layers
 */
export const layerAuto = (
  options: AutoOptions = {},
): Layer.Layer<ConfigService, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ConfigService, configuredByFirst(options, defaultHost, "ConfigService.layerAuto"));

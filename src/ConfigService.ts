/**
 * Who we are, where we talk to, and how long we wait: the service that every endpoint reads, and its layers.
 *
 * A key goes only to the host it is paired with. An explicit or environment key goes to the explicit or environment host, or to the
 * default `https://metrics.syvain.com`, never to the host of a saved login; the key of a saved login goes only to the host it was saved for.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type * as Path from "effect/Path";
import type * as Redacted from "effect/Redacted";
import { ConfigService } from "./internal/configService.ts";
import { defaultHost, parseHost } from "./internal/credentials/host.ts";
import { parseKey } from "./internal/credentials/key.ts";
import { readLogin } from "./internal/credentials/login.ts";
import { countSetting, durationSetting, invalidDuration } from "./internal/setting.ts";
import {
  HostMismatch,
  InvalidSetting,
  MetricsApiAuthError,
  MissingCredentials,
} from "./MetricsApiError.ts";
import { defaultRetry, type RetrySchedule } from "./RequestPolicy.ts";
import * as RetryBudget from "./RetryBudget.ts";

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

export {
  /**
   * The configuration of the client. Its layers check what they are given; a value built by hand is used as it is.
   *
   * @category services
   * @since 0.1.0
   */
  ConfigService,
};

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * What every layer takes, beside the key.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * An absolute `https:` URL, or `http:` on loopback; a path is kept as a prefix. Default: `https://metrics.syvain.com`,
   * or the host of the saved login when its key is used.
   */
  readonly host?: string | undefined;
  /** The limit of one attempt, reading the body included. Default: 10 seconds. */
  readonly timeout?: Duration.Input | undefined;
  /** The same for `Metrics.ingest` and `Annotations.create`. Default: 60 seconds. */
  readonly ingestTimeout?: Duration.Input | undefined;
  /** The limit over all attempts and waits of one call. Default: none. */
  readonly deadline?: Duration.Input | undefined;
  /** Default: `RequestPolicy.defaultRetry`, at most 4 retries, exponential from 250 ms to 8 s with full jitter. */
  readonly retry?: RetrySchedule | undefined;
  /** What the retries of all calls are paid from. Default: a `RetryBudget` of its own, of 100 retries. */
  readonly retryBudget?: RetryBudget.RetryBudget | undefined;
  /** The largest answer that is accepted, in bytes. Default: 64 MiB. */
  readonly maxResponseBytes?: number | undefined;
  /** Send the `traceparent` and `b3` headers of the current span to the service. Default: `false`. */
  readonly propagateTraces?: boolean | undefined;
  /** Allow `http:` beyond loopback, where the key travels in clear. Default: `false`. */
  readonly allowInsecureHost?: boolean | undefined;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface KeyOptions extends Options {
  readonly apiKey: string | Redacted.Redacted;
}

/**
 * @category options
 * @since 0.1.0
 */
export interface AutoOptions extends Options {
  readonly apiKey?: string | Redacted.Redacted | undefined;
}

// -----------------------------------------------------------------------------
// Building blocks
// -----------------------------------------------------------------------------

const build = Effect.fnUntraced(function* (
  paired: { readonly apiKey: Redacted.Redacted; readonly host: string },
  options: Options,
): Effect.fn.Return<ConfigService["Service"], MetricsApiAuthError> {
  return {
    ...paired,
    timeout: yield* durationSetting(options.timeout ?? "10 seconds", "timeout"),
    ingestTimeout: yield* durationSetting(options.ingestTimeout ?? "60 seconds", "ingestTimeout"),
    deadline:
      options.deadline === undefined
        ? undefined
        : yield* durationSetting(options.deadline, "deadline"),
    retry: options.retry ?? defaultRetry,
    retryBudget: options.retryBudget ?? (yield* RetryBudget.make()),
    maxResponseBytes: yield* countSetting(
      options.maxResponseBytes ?? 64 * 1024 * 1024,
      "maxResponseBytes",
      "a whole number of bytes above 0",
    ),
    propagateTraces: options.propagateTraces ?? false,
  };
});

/** A key with the host it was given with; never with the host of a saved login. */
const withGivenKey = Effect.fnUntraced(function* (
  key: string | Redacted.Redacted,
  keySource: string,
  host: string | undefined,
  hostSource: string,
  options: Options,
) {
  return yield* build(
    {
      apiKey: yield* parseKey(key, keySource),
      host: yield* parseHost(host ?? defaultHost, hostSource, options.allowInsecureHost),
    },
    options,
  );
});

/** The saved login's key, for the host it was saved for and no other. */
const withSavedKey = Effect.fnUntraced(function* (
  host: string | undefined,
  hostSource: string,
  options: Options,
) {
  const login = yield* readLogin(options.allowInsecureHost);
  if (host !== undefined) {
    const asked = yield* parseHost(host, hostSource, options.allowInsecureHost);
    if (asked !== login.host) {
      return yield* new MetricsApiAuthError({
        reason: new HostMismatch({
          host: asked,
          pairedHost: login.host,
          message: `The saved login ${login.path} is for ${login.host} and its key does not go to ${asked}: leave the host out, or give an API key for ${asked}.`,
        }),
      });
    }
  }
  return yield* build(login, options);
});

const variables = {
  apiKey: "SYVAIN_METRICS_API_KEY",
  host: "SYVAIN_METRICS_HOST",
  timeout: "SYVAIN_METRICS_TIMEOUT",
  ingestTimeout: "SYVAIN_METRICS_INGEST_TIMEOUT",
} as const;

/** The cause of a failure quotes the value, which the message must not. */
const readVariable = <A>(
  config: Config.Config<A>,
  otherwise: () => MetricsApiAuthError,
): Effect.Effect<A | undefined, MetricsApiAuthError> =>
  Effect.mapError(Effect.map(Config.option(config), Option.getOrUndefined), otherwise);

const readString = <A>(read: (name: string) => Config.Config<A>, name: string) =>
  readVariable(
    read(name),
    () =>
      new MetricsApiAuthError({
        reason: new InvalidSetting({ setting: name, message: `${name} cannot be read.` }),
      }),
  );

const readLimit = (name: string) =>
  Effect.flatMap(
    readVariable(Config.Duration(name), () => invalidDuration(name)),
    (duration) => (duration === undefined ? Effect.undefined : durationSetting(duration, name)),
  );

/** What the environment says, under the names the Syvain tools share. */
const environment = Effect.gen(function* () {
  return {
    apiKey: yield* readString(Config.Redacted, variables.apiKey),
    host: yield* readString(Config.String, variables.host),
    timeout: yield* readLimit(variables.timeout),
    ingestTimeout: yield* readLimit(variables.ingestTimeout),
  };
});

const missing = (message: string) =>
  new MetricsApiAuthError({ reason: new MissingCredentials({ message }) });

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * An explicit key.
 *
 * **Details**
 *
 * Fails with `MetricsApiAuthError` when the layer is built, before a byte is sent: a key that is empty or not visible ASCII (`InvalidKey`),
 * a host that is not `https:` or loopback (`InvalidHost`), a limit that is no positive duration (`InvalidSetting`).
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: KeyOptions): Layer.Layer<ConfigService, MetricsApiAuthError> =>
  Layer.effect(
    ConfigService,
    withGivenKey(
      options.apiKey,
      "ConfigService.layer",
      options.host,
      "ConfigService.layer",
      options,
    ),
  );

/**
 * The login saved by the Syvain CLI: `$XDG_CONFIG_HOME/syvain-metrics/auth.json`, else `~/.config/syvain-metrics/auth.json`, on every platform.
 *
 * **Details**
 *
 * The file is JSON, `{ "api_key": "…", "host"?: "…" }`. A missing, unreadable, ill-formed or key-less one is a `MetricsApiAuthError`
 * (`UnusableLogin`) that names the path, and so is one that every user of the machine may write; one that others may open is warned of
 * in the log. Naming another host than the saved one is a `MetricsApiAuthError` (`HostMismatch`) that names both.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = (
  options: Options = {},
): Layer.Layer<ConfigService, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ConfigService, withSavedKey(options.host, "ConfigService.layerLocal", options));

/**
 * The environment, through Effect's `Config`: `SYVAIN_METRICS_API_KEY`, `SYVAIN_METRICS_HOST`, and the durations
 * `SYVAIN_METRICS_TIMEOUT` and `SYVAIN_METRICS_INGEST_TIMEOUT` (such as `"30 seconds"`; a bare number does not say its unit, and is refused).
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<ConfigService, MetricsApiAuthError> = Layer.effect(
  ConfigService,
  Effect.flatMap(environment, ({ apiKey, host, ...limits }) =>
    apiKey === undefined
      ? missing(`No API key: set ${variables.apiKey}.`)
      : withGivenKey(apiKey, variables.apiKey, host, variables.host, limits),
  ),
);

/**
 * The chain of the Syvain tools. The key: the option, else the environment, else the saved login. Each limit: the option, else the environment, else its default.
 *
 * **Details**
 *
 * A key of the option or the environment goes to the host of the option, else of the environment, else to the default one.
 * A saved login is read only when there is no other key, and its key goes only to the host it was saved for.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerAuto = (
  options: AutoOptions = {},
): Layer.Layer<ConfigService, MetricsApiAuthError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    ConfigService,
    Effect.gen(function* () {
      const env = yield* environment;
      const host = options.host ?? env.host;
      const hostSource = options.host === undefined ? variables.host : "ConfigService.layerAuto";
      const settings: Options = {
        ...options,
        timeout: options.timeout ?? env.timeout,
        ingestTimeout: options.ingestTimeout ?? env.ingestTimeout,
      };
      if (options.apiKey !== undefined) {
        const source = "ConfigService.layerAuto";
        return yield* withGivenKey(options.apiKey, source, host, hostSource, settings);
      }
      if (env.apiKey !== undefined) {
        return yield* withGivenKey(env.apiKey, variables.apiKey, host, hostSource, settings);
      }
      return yield* withSavedKey(host, hostSource, settings).pipe(
        Effect.catchReason("MetricsApiAuthError", "UnusableLogin", (reason, error) =>
          // A login that is there and broken says so itself.
          reason.problem === "missing"
            ? missing(
                `No API key: give one, set ${variables.apiKey}, or log in with the Syvain CLI. ${reason.message}`,
              )
            : error,
        ),
      );
    }),
  );

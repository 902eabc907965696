/**
 * The configuration of a client: from the options, the environment, or the saved login. A key goes only to the host
 * it is paired with.
 */
import * as Config from "effect/Config";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import * as Option from "effect/Option";
import type * as Path from "effect/Path";
import type * as Redacted from "effect/Redacted";
import { parseHost } from "../login/host.ts";
import { parseKey } from "../login/key.ts";
import { readLogin } from "../login/login.ts";
import { defaultKeyName } from "../wire/v1/ingestionKeys.ts";
import {
  countSetting,
  durationSetting,
  invalidDuration,
  invalidSetting,
} from "../base/settings.ts";
import {
  HostMismatch,
  InvalidSetting,
  MetricsApiAuthError,
  MissingCredentials,
} from "../base/errors.ts";
import type { ConfigService } from "../request/config.ts";
import { defaultRetry, type RetrySchedule } from "../request/policy.ts";
import * as RetryBudget from "../request/retryBudget.ts";

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/**
 * What every layer takes, beside the key.
 *
 * @category options
 */
export interface Options {
  /**
   * An `https:` origin, or an `http:` one on loopback; one without a scheme is taken as `https:`. Default:
   * `https://metrics.syvain.com`, or the host of the saved login when its key is used.
   */
  readonly host?: string | undefined;
  /**
   * The limit of one attempt, reading the body included. Default: 10 seconds.
   *
   * The transport has limits of its own, and the shorter one counts: Node's `fetch` waits 5 minutes for the headers
   * and for each silence of the body, `NodeHttpClient.layerUndici` an hour for the headers, and both 10 seconds for a
   * connection. What those end is a `Timeout` with the limit `"transport"`.
   */
  readonly timeout?: Duration.Input | undefined;
  /** The same for `Metrics.ingest` and `Annotations.create`. Default: 60 seconds. */
  readonly ingestTimeout?: Duration.Input | undefined;
  /** The limit over all attempts and waits of one call. Default: none. */
  readonly deadline?: Duration.Input | undefined;
  /** The name of the ingestion keys that are minted, 1 to 200 characters. Default: `"SDK ingestion key"`. */
  readonly ingestionKeyName?: string | undefined;
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
 */
export interface KeyOptions extends Options {
  readonly apiKey: string | Redacted.Redacted;
}

/**
 * @category options
 */
export interface LocalOptions extends Options {
  /** The login of the development service, in a folder of its own (`syvain-metrics-dev`). Default: `false`. */
  readonly dev?: boolean | undefined;
}

/**
 * @category options
 */
export interface AutoOptions extends Options {
  readonly apiKey?: string | Redacted.Redacted | undefined;
}

// -----------------------------------------------------------------------------
// Building blocks
// -----------------------------------------------------------------------------

type Paired = Pick<ConfigService["Service"], "apiKey" | "host" | "source" | "orgId" | "loginAt">;

const build = Effect.fnUntraced(function* (
  paired: Paired,
  options: Options,
): Effect.fn.Return<ConfigService["Service"], MetricsApiAuthError> {
  const { ingestionKeyName = defaultKeyName } = options;
  if (ingestionKeyName.length < 1 || ingestionKeyName.length > 200) {
    return yield* invalidSetting("ingestionKeyName", "1 to 200 characters");
  }
  return {
    ...paired,
    ingestionKeyName,
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
export const withGivenKey = Effect.fnUntraced(function* (
  key: string | Redacted.Redacted,
  keyFrom: string,
  source: "apiKey" | "environment",
  host: string,
  hostFrom: string,
  options: Options,
) {
  return yield* build(
    {
      apiKey: yield* parseKey(key, keyFrom),
      host: yield* parseHost(host, hostFrom, options.allowInsecureHost),
      source,
      orgId: undefined,
      loginAt: undefined,
    },
    options,
  );
});

/** The saved login's key, for the host it was saved for and no other. */
const withSavedKey = Effect.fnUntraced(function* (
  host: string | undefined,
  hostFrom: string,
  options: LocalOptions,
) {
  const { path, ...login } = yield* readLogin(options);
  if (host !== undefined) {
    const asked = yield* parseHost(host, hostFrom, options.allowInsecureHost);
    if (asked !== login.host) {
      return yield* new MetricsApiAuthError({
        reason: new HostMismatch({
          host: asked,
          pairedHost: login.host,
          message:
            `The saved login ${path} is for ${login.host} and its key does not go to ${asked}: ` +
            `leave the host out, or give an API key for ${asked}.`,
        }),
      });
    }
  }
  return yield* build({ ...login, source: options.dev === true ? "local-dev" : "local" }, options);
});

/** The names of today's tools come first. */
const variables = {
  apiKey: ["O41_METRICS_API_KEY", "SYVAIN_METRICS_API_KEY"],
  host: ["O41_METRICS_HOST", "SYVAIN_METRICS_HOST"],
  timeout: "SYVAIN_METRICS_TIMEOUT",
  ingestTimeout: "SYVAIN_METRICS_INGEST_TIMEOUT",
} as const;

/** The cause of a failure quotes the value, which the message must not. */
const readVariable = <A>(
  config: Config.Config<A>,
  otherwise: () => MetricsApiAuthError,
): Effect.Effect<A | undefined, MetricsApiAuthError> =>
  Effect.mapError(Effect.map(Config.option(config), Option.getOrUndefined), otherwise);

/** The first of the names that is set, and what it is set to. */
const readString = <A>(
  read: (name: string) => Config.Config<A>,
  names: ReadonlyArray<string>,
): Effect.Effect<{ readonly name: string; readonly value: A } | undefined, MetricsApiAuthError> =>
  Effect.gen(function* () {
    for (const name of names) {
      const value = yield* readVariable(
        read(name),
        () =>
          new MetricsApiAuthError({
            reason: new InvalidSetting({ setting: name, message: `${name} cannot be read.` }),
          }),
      );
      if (value !== undefined) return { name, value };
    }
    return undefined;
  });

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
// Configurations
// -----------------------------------------------------------------------------

type Configured<R = never> = Effect.Effect<ConfigService["Service"], MetricsApiAuthError, R>;

/** With the saved login. */
export const configuredByLogin = (
  options: LocalOptions,
  from: string,
): Configured<FileSystem.FileSystem | Path.Path> => withSavedKey(options.host, from, options);

/** With what the environment says. */
export const configuredByEnvironment = (defaultHost: string): Configured =>
  Effect.flatMap(environment, ({ apiKey, host, ...limits }) =>
    apiKey === undefined
      ? missing(`No API key: set ${variables.apiKey[1]}.`)
      : withGivenKey(
          apiKey.value,
          apiKey.name,
          "environment",
          host?.value ?? defaultHost,
          host?.name ?? variables.host[1],
          limits,
        ),
  );

/** With the first of them that there is. */
export const configuredByFirst = (
  options: AutoOptions,
  defaultHost: string,
  from: string,
): Configured<FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const env = yield* environment;
    const host = options.host ?? env.host?.value;
    const hostFrom = options.host === undefined ? (env.host?.name ?? from) : from;
    const settings: Options = {
      ...options,
      timeout: options.timeout ?? env.timeout,
      ingestTimeout: options.ingestTimeout ?? env.ingestTimeout,
    };
    const given =
      options.apiKey === undefined
        ? env.apiKey && ({ ...env.apiKey, source: "environment" } as const)
        : ({ name: from, value: options.apiKey, source: "apiKey" } as const);
    if (given !== undefined) {
      const { name, source, value } = given;
      return yield* withGivenKey(value, name, source, host ?? defaultHost, hostFrom, settings);
    }
    return yield* withSavedKey(host, hostFrom, settings).pipe(
      Effect.catchReason("MetricsApiAuthError", "UnusableLogin", (reason, error) =>
        // A login that is there and broken says so itself.
        reason.problem === "missing"
          ? missing(
              `No API key: give one, set ${variables.apiKey[1]}, or log in with npx syvain-metrics-effect login. ${reason.message}`,
            )
          : error,
      ),
    );
  });

/** What the commands that ask the service have in common. They speak API v2. */
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import type * as FileSystem from "effect/FileSystem";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type * as Path from "effect/Path";
import type * as Redacted from "effect/Redacted";
import { ConfigService } from "../ConfigService.ts";
import { configuredByFirst } from "../internal/credentials/credentials.ts";
import { defaultHostV2 } from "../internal/login/host.ts";
import { layer as httpClient } from "./httpClient.ts";

export const clientFlags = {
  apiKey: Flag.Redacted("api-key").pipe(
    Flag.optional,
    Flag.withDescription("The API key; by default SYVAIN_METRICS_API_KEY, else the saved login's"),
  ),
  host: Flag.String("host").pipe(
    Flag.optional,
    Flag.withDescription("The service; by default the one that belongs to the key"),
  ),
};

export interface ClientFlags {
  readonly apiKey: Option.Option<Redacted.Redacted>;
  readonly host: Option.Option<string>;
}

export const jsonFlag = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print JSON, for a program"),
);

export const quietFlag = Flag.Boolean("quiet").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Show no progress"),
);

/** Told to stop, it ends as a shell tells that of SIGINT. */
export const stoppable = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.onInterrupt(effect, () => Effect.sync(() => void (process.exitCode = 130)));

/** A client of the service that the flags, the environment or the saved login name. */
export const withClient =
  ({ apiKey, host }: ClientFlags) =>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
  ): Effect.Effect<
    A,
    E | Error,
    Exclude<R, ConfigService | HttpClient> | FileSystem.FileSystem | Path.Path
  > => {
    const options = { apiKey: Option.getOrUndefined(apiKey), host: Option.getOrUndefined(host) };
    const config = Layer.effect(
      ConfigService,
      configuredByFirst(options, defaultHostV2, "the command line"),
    );
    return stoppable(Effect.provide(effect, Layer.provideMerge(httpClient, config)));
  };

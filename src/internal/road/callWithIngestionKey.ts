import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import { ConfigService } from "../configService.ts";
import type { Owner } from "../../IngestionKeyCache.ts";
import { IngestionKeyCache } from "../ingestionKeyCache.ts";
import type { MetricsApiError, MetricsApiRequestError } from "../../MetricsApiError.ts";
import { createIngestionKey, type IngestionKey } from "../contract/ingestionKeys.ts";
import type { Operation } from "../contract/operation.ts";
import { SuppliedKey } from "../suppliedKey.ts";
import { tell } from "./exchange.ts";
import { type Authorise, call, callWith } from "./call.ts";
import type { EncodedInput, Input, Success } from "./prepare.ts";

/** Whose key an experiment's ingestion key is, under the configuration in force. */
export const ownerOf = (experimentId: string): Effect.Effect<Owner, never, ConfigService> =>
  Effect.map(ConfigService, ({ host, apiKey }) => ({ host, apiKey, experimentId }));

/** A call of its own, with a key and attempts of its own, even where the caller supplied an `Idempotency-Key` for its own call. */
const mint = (
  experimentId: string,
): Effect.Effect<IngestionKey, MetricsApiError, ConfigService | HttpClient.HttpClient> =>
  call(createIngestionKey, { params: { experiment_id: experimentId }, payload: {} }).pipe(
    Effect.map(({ ingestionKey }) => ingestionKey),
    Effect.provideService(SuppliedKey, undefined),
  );

const isRefusal = (error: MetricsApiRequestError): boolean =>
  error.reason._tag === "Unauthorized" || error.reason._tag === "Forbidden";

/** Under the experiment's ingestion key. If a key from the cache is refused it is forgotten, and a new one tried once. */
const byIngestionKey =
  (experimentId: string): Authorise<ConfigService | HttpClient.HttpClient | IngestionKeyCache> =>
  (send, exchange) =>
    Effect.gen(function* () {
      const cache = yield* IngestionKeyCache;
      const owner = yield* ownerOf(experimentId);
      const context = yield* Effect.context<ConfigService | HttpClient.HttpClient>();
      const lease = cache.get(owner, Effect.provideContext(mint(experimentId), context));
      const { ingestionKey, cached } = yield* lease;
      return yield* send(ingestionKey.key).pipe(
        Effect.catchIf(isRefusal, (error) =>
          cache.forget(owner, ingestionKey.id).pipe(
            Effect.andThen(
              cached
                ? tell(exchange, { _tag: "Remint" }).pipe(
                    Effect.andThen(lease),
                    Effect.flatMap((fresh) => send(fresh.ingestionKey.key)),
                  )
                : Effect.fail(error),
            ),
          ),
        ),
      );
    });

/** Calls an operation that takes the ingestion key of its experiment. */
export const callWithIngestionKey = <
  O extends Operation & {
    readonly auth: "ingestionKey";
    readonly path: `/experiments/:experiment_id/${string}`;
  },
>(
  operation: O,
  input: (Input<O> | EncodedInput<O>) & { readonly params: { readonly experiment_id: string } },
): Effect.Effect<
  Success<O>,
  MetricsApiError,
  ConfigService | HttpClient.HttpClient | IngestionKeyCache
> => callWith(operation, input, byIngestionKey(input.params.experiment_id));

import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type { MetricsApiError } from "../base/errors.ts";
import { type Authorise, call, callWith, decodeWhole } from "../request/call.ts";
import { ConfigService } from "../request/config.ts";
import { type CallError, notify } from "../request/exchange.ts";
import type { EncodedInput, Input, Success } from "../request/prepare.ts";
import type { Operation } from "../wire/operation.ts";
import { createIngestionKey, type IngestionCredential } from "../wire/v1/ingestionKeys.ts";
import { IngestionKeyCache, type Owner } from "./cache.ts";

type Needs = ConfigService | HttpClient.HttpClient | IngestionKeyCache;

/** Whose key an experiment's ingestion key is, under the configuration in force. */
export const ownerOf = (experimentId: string): Effect.Effect<Owner, never, ConfigService> =>
  Effect.map(ConfigService, ({ host, apiKey }) => ({ host, apiKey, experimentId }));

/** The key of an experiment: the one in the cache, else one that is minted, which is a call of its own. */
export const credentialOf = (
  experimentId: string,
): Effect.Effect<IngestionCredential, MetricsApiError, Needs> =>
  Effect.gen(function* () {
    const cache = yield* IngestionKeyCache;
    const { ingestionKeyName: name } = yield* ConfigService;
    const owner = yield* ownerOf(experimentId);
    const context = yield* Effect.context<ConfigService | HttpClient.HttpClient>();
    const mint = call(createIngestionKey, {
      params: { experiment_id: experimentId },
      payload: { name },
    });
    return yield* cache.get(owner, Effect.provideContext(mint, context));
  });

export const forgetCredential = (
  experimentId: string,
  keyId?: string,
): Effect.Effect<void, never, ConfigService | IngestionKeyCache> =>
  Effect.gen(function* () {
    const cache = yield* IngestionKeyCache;
    yield* cache.forget(yield* ownerOf(experimentId), keyId);
  });

const isRefusal = (error: CallError): boolean =>
  error.reason._tag === "Unauthorized" || error.reason._tag === "Forbidden";

/** Under the experiment's ingestion key. One that is refused is forgotten, and a new one tried once. */
const byIngestionKey =
  (experimentId: string): Authorise<Needs> =>
  (send, exchange) => {
    const sendUnder = ({ key, token }: IngestionCredential) =>
      Effect.tapError(send(token), (error) =>
        isRefusal(error) ? forgetCredential(experimentId, key.id) : Effect.void,
      );
    const credential = credentialOf(experimentId);
    return Effect.flatMap(credential, (first) =>
      Effect.catchIf(sendUnder(first), isRefusal, () =>
        notify(exchange, { _tag: "Remint" }).pipe(
          Effect.andThen(credential),
          Effect.flatMap(sendUnder),
        ),
      ),
    );
  };

/** Calls an operation that takes the ingestion key of its experiment. */
export const callWithIngestionKey = <
  O extends Operation & {
    readonly auth: "ingestionKey";
    readonly path: `/experiments/:experiment_id/${string}`;
  },
>(
  operation: O,
  input: (Input<O> | EncodedInput<O>) & { readonly params: { readonly experiment_id: string } },
): Effect.Effect<Success<O>, MetricsApiError, Needs> =>
  callWith(operation, input, byIngestionKey(input.params.experiment_id), decodeWhole(operation));

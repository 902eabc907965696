/**
 * The contract read as an `HttpApi`: what the server implements and what its OpenAPI document shows.
 */
import * as HttpApi from "effect/http-api/HttpApi";
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity";
import * as OpenApi from "effect/http-api/OpenApi";
import * as Schema from "effect/Schema";
import { unknownField } from "../../internal/base/issue.ts";
import { version } from "../../internal/base/version.ts";
import type { Operation } from "../../internal/wire/operation.ts";
import { Id } from "../../internal/wire/schema.ts";
import * as contract from "../../internal/wire/v1/index.ts";
import { SeriesBatch } from "../../internal/wire/v1/series.ts";
import { envelope, failureOf } from "./envelope.ts";

/** Who may ask: the API key, or of two operations an ingestion key. */
export class Authorization extends HttpApiMiddleware.Service<Authorization>()(
  "syvain-metrics-effect/server/v1/Authorization",
  { security: { bearer: HttpApiSecurity.bearer } },
) {}

/** All of it or nothing, and one answer for one `Idempotency-Key`. */
export class Atomicity extends HttpApiMiddleware.Service<Atomicity>()(
  "syvain-metrics-effect/server/v1/Atomicity",
) {}

/** Says what is wrong with a request that does not fit its schema. */
export class Validation extends HttpApiMiddleware.Service<Validation>()(
  "syvain-metrics-effect/server/v1/Validation",
) {}

export const operations: ReadonlyArray<Operation> = Object.values(contract);

export const operationOf: ReadonlyMap<string, Operation> = new Map(
  operations.map((operation) => [operation.name, operation]),
);

const paramsOf = (operation: Operation) =>
  Object.fromEntries([...operation.path.matchAll(/:(\w+)/g)].map(([, name]) => [name!, Id]));

/** An empty struct would take any. */
const noQuery = Schema.Record(
  Schema.String,
  Schema.Unknown.check(Schema.makeFilter(() => false, { expected: unknownField })),
);

/** An operation that can stream answers one document too, to a client that does not ask for a stream. */
const successOf = ({ success, stream, status }: Operation) =>
  stream === undefined
    ? envelope(success).pipe(HttpApiSchema.status(status))
    : [
        envelope(Schema.Array(SeriesBatch)).pipe(HttpApiSchema.status(status)),
        HttpApiSchema.StreamNdjson({ schema: success, contentType: stream }),
      ];

const endpointOf = (operation: Operation) => {
  const params = paramsOf(operation);
  const isKeyed = operation.repeat === "keyed";
  return HttpApiEndpoint.make(operation.method)(operation.name, operation.path, {
    ...(Object.keys(params).length === 0 ? {} : { params }),
    query: operation.query ?? noQuery,
    ...(operation.payload === undefined ? {} : { payload: operation.payload }),
    ...(isKeyed ? { headers: { "idempotency-key": Schema.optionalKey(Schema.String) } } : {}),
    success: successOf(operation),
    error: [400, 401, 403, 404, ...(isKeyed ? [409] : []), 422].map(failureOf),
  })
    .annotate(OpenApi.Identifier, operation.name)
    .annotate(OpenApi.Summary, operation.summary)
    .middleware(Validation)
    .middleware(Atomicity)
    .middleware(Authorization);
};

/** The builders of an api want to see that there is at least one of each. */
const some = <A>(all: ReadonlyArray<A>): [A, ...Array<A>] => {
  const [first, ...rest] = all;
  if (first === undefined) throw new Error("the contract is empty");
  return [first, ...rest];
};

/** The group of an operation: the first part of its name. */
export const groupOf = (operation: Operation): string => operation.name.split(".")[0]!;

const groups = [...new Set(operations.map(groupOf))].map((name) => {
  const members = operations.filter((operation) => groupOf(operation) === name);
  return HttpApiGroup.make(name)
    .add(...some(members.map(endpointOf)))
    .prefix(members[0]!.generation.basePath);
});

export const api = HttpApi.make("syvain-metrics")
  .add(...some(groups))
  // A server that ignored what it does not know would hide the client's mistakes.
  .annotate(HttpApi.ParseOptions, { onExcessProperty: "error" })
  .annotate(HttpApi.HeadersParseOptions, {})
  .annotateMerge(
    OpenApi.annotations({
      title: "Syvain Metrics (reference server)",
      version,
      description:
        "API v1 as its released clients speak it. What no client shows is a choice of this server.",
    }),
  );

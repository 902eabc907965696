/**
 * The contract read as an `HttpApi`: what the reference server implements and what its OpenAPI document shows.
 */
import * as HttpApi from "effect/http-api/HttpApi";
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import * as HttpApiSchema from "effect/http-api/HttpApiSchema";
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity";
import * as OpenApi from "effect/http-api/OpenApi";
import * as Schema from "effect/Schema";
import * as contract from "../../internal/contract/index.ts";
import { basePath, type Operation } from "../../internal/contract/operation.ts";
import { Id } from "../../internal/contract/schema.ts";
import { version } from "../../internal/version.ts";
import {
  BadRequest,
  Conflict,
  Forbidden,
  NotFound,
  Unauthorized,
  Unprocessable,
} from "./problems.ts";

/** Who may ask: the API key, or on two endpoints an ingestion key. */
export class Authorization extends HttpApiMiddleware.Service<Authorization>()(
  "syvain-metrics-effect/testing/Authorization",
  { security: { bearer: HttpApiSecurity.bearer }, error: [Unauthorized, Forbidden] },
) {}

/** One answer for one `Idempotency-Key`. */
export class Idempotency extends HttpApiMiddleware.Service<Idempotency>()(
  "syvain-metrics-effect/testing/Idempotency",
  { error: [BadRequest, Unprocessable] },
) {}

/** Says what is wrong with a request that does not fit its schema. */
export class Validation extends HttpApiMiddleware.Service<Validation>()(
  "syvain-metrics-effect/testing/Validation",
  { error: [BadRequest, Unprocessable] },
) {}

export const operations: ReadonlyArray<Operation> = Object.values(contract);

export const needsIdempotencyKey = (operation: Operation): boolean => operation.retry === "keyed";

const paramsOf = (operation: Operation) =>
  Object.fromEntries([...operation.path.matchAll(/:(\w+)/g)].map(([, name]) => [name!, Id]));

const endpointOf = (operation: Operation) => {
  const params = paramsOf(operation);
  return HttpApiEndpoint.make(operation.method)(operation.name, operation.path, {
    ...(Object.keys(params).length === 0 ? {} : { params }),
    ...(operation.query === undefined ? {} : { query: operation.query }),
    ...(operation.payload === undefined ? {} : { payload: operation.payload }),
    ...(needsIdempotencyKey(operation)
      ? { headers: { "idempotency-key": Schema.NonEmptyString } }
      : {}),
    success:
      operation.success === undefined
        ? HttpApiSchema.NoContent
        : operation.success.pipe(HttpApiSchema.status(operation.status)),
    error: [NotFound, Conflict, Unprocessable],
  })
    .annotate(OpenApi.Summary, operation.summary)
    .middleware(Validation)
    .middleware(Idempotency)
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

const groups = [...new Set(operations.map(groupOf))].map((name) =>
  HttpApiGroup.make(name)
    .add(...some(operations.filter((operation) => groupOf(operation) === name).map(endpointOf)))
    .prefix(basePath),
);

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
        "The wire contract as this library reads it. The public description of the service names operations, arguments and rules, but prints neither paths nor bodies.",
    }),
  );

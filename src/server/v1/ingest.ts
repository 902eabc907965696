/** Ingestion, where most of what comes is: its body is read past the schema when it can be. */
import * as Effect from "effect/Effect";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import { HttpApiSchemaError } from "effect/http-api/HttpApiError";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaIssue from "effect/SchemaIssue";
import { ingestMetrics } from "../../internal/wire/v1/index.ts";
import { isJson } from "../body.ts";
import { type Handlers, ingestEvents, type Request } from "./handlers.ts";
import { readPlainEvents } from "./plainEvents.ts";

const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(ingestMetrics.payload), {
  onExcessProperty: "error",
});

const parse = (text: string): Result.Result<unknown, Schema.SchemaError> =>
  Result.try({
    try: (): unknown => (text === "" ? undefined : JSON.parse(text)),
    catch: () =>
      new Schema.SchemaError(
        new SchemaIssue.InvalidValue({ message: "Expected a valid JSON body" }),
      ),
  });

/** The handler for the request as it came: what fits the contract is answered as by the other one. */
export const makeRawIngest =
  (handler: Handlers["ingestMetrics"]) =>
  ({ params, query }: Omit<Request<typeof ingestMetrics>, "payload">) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      isJson(request.headers["content-type"])
        ? Effect.flatMap(Effect.orDie(request.text), (text) => {
            const body = parse(text);
            const events = Result.isSuccess(body) ? readPlainEvents(body.success) : undefined;
            if (events !== undefined) return ingestEvents(params.experiment_id, query.sync, events);
            return Effect.fromResult(body).pipe(
              Effect.flatMap(decode),
              Effect.mapError((cause) => new HttpApiSchemaError({ kind: "Payload", cause })),
              Effect.flatMap((payload) => handler({ params, query, payload })),
            );
          })
        : Effect.succeed(HttpServerResponse.empty({ status: 415 })),
    );

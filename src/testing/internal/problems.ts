/**
 * What the reference server says when it refuses: `application/problem+json` (RFC 9457).
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as ProblemDetails from "effect/http/ProblemDetails";
import * as HttpApiError from "effect/http-api/HttpApiError";
import * as Schema from "effect/Schema";

const declare = <const Status extends number>(status: Status, title: string) => ({
  type: ProblemDetails.blankType,
  status,
  title,
});
const errors = { errors: Schema.optionalKey(Schema.Array(HttpApiError.ProblemIssue)) };

export class BadRequest extends HttpApiError.Problem<BadRequest>()(
  "BadRequest",
  declare(400, "Bad Request"),
) {}

export class Unauthorized extends HttpApiError.Problem<Unauthorized>()(
  "Unauthorized",
  declare(401, "Unauthorized"),
) {}

export class Forbidden extends HttpApiError.Problem<Forbidden>()(
  "Forbidden",
  declare(403, "Forbidden"),
) {}

export class NotFound extends HttpApiError.Problem<NotFound>()(
  "NotFound",
  declare(404, "Not Found"),
) {}

export class Conflict extends HttpApiError.Problem<Conflict>()(
  "Conflict",
  declare(409, "Conflict"),
) {}

export class Unprocessable extends HttpApiError.Problem<Unprocessable>()(
  "Unprocessable",
  declare(422, "Unprocessable Content"),
  errors,
) {}

/** Every way the server refuses. */
export type Refusal = BadRequest | Unauthorized | Forbidden | NotFound | Conflict | Unprocessable;

/** The same body for a refusal that no endpoint declares, such as an unknown path. */
export const problemResponse = (status: number, title: string, detail: string) =>
  HttpServerResponse.jsonUnsafe(
    { type: ProblemDetails.blankType, title, status, detail },
    { status, contentType: ProblemDetails.contentType },
  );

import * as Data from "effect/Data";
import type { Metadata } from "../../internal/wire/schema.ts";

/** Why the server does not do what it was asked for. */
export class Refusal extends Data.TaggedError("Refusal")<{
  /** As in HTTP. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422;
  readonly message: string;
  /** For programs to compare. */
  readonly code?: string;
  readonly details?: Metadata;
}> {}

export const notFound = (what: "experiment" | "folder" | "ingestion key", id: string): Refusal =>
  new Refusal({
    status: 404,
    message: `there is no ${what} ${JSON.stringify(id)}`,
    code: `${what.replace(" ", "_")}_not_found`,
  });

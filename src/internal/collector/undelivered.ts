import * as Schema from "effect/Schema";

/** Not everything that was recorded has been delivered. */
export class UndeliveredError extends Schema.TaggedError<UndeliveredError>()("UndeliveredError", {
  /** The slug of the experiment. */
  slug: Schema.String,
  /** Events that still wait to be sent. */
  pending: Schema.Int,
  /** Events dropped for want of room in the spool, ever. */
  dropped: Schema.Int,
  /** Events that the service refused for good, ever. */
  refused: Schema.Int,
  /** Events left out, as they were none that the service takes: a value that is not finite, an empty name; ever. */
  invalid: Schema.Int,
  /** Why those that wait could not be sent. */
  detail: Schema.optionalKey(Schema.String),
}) {
  override get message(): string {
    const parts = [
      `${this.pending} wait to be sent${this.detail === undefined ? "" : ` (${this.detail})`}`,
      `${this.dropped} dropped for want of room`,
      `${this.refused} refused by the service`,
      `${this.invalid} left out as invalid`,
    ].filter((part) => !part.startsWith("0 "));
    return `Not all events of ${this.slug} are delivered: ${parts.join(", ")}`;
  }
}

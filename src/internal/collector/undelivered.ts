import * as Schema from "effect/Schema";

interface Lost {
  readonly dropped: number;
  readonly refused: number;
  readonly invalid: number;
}

/** What will not be delivered any more. */
export const lostInWords = ({ dropped, invalid, refused }: Lost): ReadonlyArray<string> => [
  ...(dropped === 0 ? [] : [`${dropped} dropped for want of room`]),
  ...(refused === 0 ? [] : [`${refused} refused by the service`]),
  ...(invalid === 0 ? [] : [`${invalid} left out as invalid`]),
];

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
    const why = this.detail === undefined ? "" : ` (${this.detail})`;
    const parts = [
      ...(this.pending === 0 ? [] : [`${this.pending} wait to be sent${why}`]),
      ...lostInWords(this),
    ];
    return `Not all events of ${this.slug} are delivered: ${parts.join(", ")}`;
  }
}

import * as Schema from "effect/Schema";

interface Lost {
  readonly dropped: number;
  readonly refused: number;
  readonly invalid: number;
  readonly late: number;
}

/** What will not be delivered any more. */
export const lostInWords = ({ dropped, invalid, late, refused }: Lost): ReadonlyArray<string> => [
  ...(dropped === 0 ? [] : [`${dropped} dropped by the spool`]),
  ...(refused === 0 ? [] : [`${refused} refused by the service`]),
  ...(invalid === 0 ? [] : [`${invalid} left out as invalid`]),
  ...(late === 0 ? [] : [`${late} left out as the recorder's scope had closed`]),
];

/**
 * Not everything that was recorded has been delivered: how many events wait to be sent (and why, in `detail`), and
 * how many were ever dropped, refused or left out.
 *
 * @category errors
 */
export class UndeliveredError extends Schema.TaggedError<UndeliveredError>()("UndeliveredError", {
  /** The slug of the experiment. */
  slug: Schema.String,
  /** Events that still wait to be sent. */
  pending: Schema.Int,
  /** Events dropped by the spool, for want of room, or as the files that held them were deleted; ever. */
  dropped: Schema.Int,
  /** Events that the service refused for good, ever. */
  refused: Schema.Int,
  /** Events left out, as they were none that the service takes: a value that is not finite, an empty name; ever. */
  invalid: Schema.Int,
  /** Events left out, as they were recorded after the scope of the recorder had closed. */
  late: Schema.Int,
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

/**
 * A `folderPath` does not name one folder: there is none at it, or the service found more than one.
 *
 * @category errors
 */
export class FolderPathError extends Schema.TaggedError<FolderPathError>()("FolderPathError", {
  path: Schema.String,
  /** How many folders were found. */
  found: Schema.Int,
}) {
  override get message(): string {
    return this.found === 0
      ? `There is no folder at ${JSON.stringify(this.path)}: make it first, by Folders.create.`
      : `There are ${this.found} folders at ${JSON.stringify(this.path)}: say which one, by its folderId.`;
  }
}

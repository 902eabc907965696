import * as Schema from "effect/Schema";

/** The spool cannot be used. */
export class SpoolError extends Schema.TaggedError<SpoolError>()("SpoolError", {
  /** What was tried. */
  operation: Schema.Literals(["open", "read", "write", "remove"]),
  /** The file or directory. */
  path: Schema.String,
  /** What the system said. */
  detail: Schema.String,
}) {
  override get message(): string {
    return `Cannot ${this.operation} ${this.path}: ${this.detail}`;
  }
}

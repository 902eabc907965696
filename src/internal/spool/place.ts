import type { Appender } from "./appender.ts";
import type { Intake } from "./intake.ts";
import type { Kind } from "./block.ts";
import type { Segments } from "./segments.ts";

/** Where a log lives for a while: a directory of files, what was written there, and what of that is out. */
export class Place {
  readonly segments: Segments;
  readonly appender: Appender;
  readonly #intake: Intake;
  /** How many events were written here. */
  #written = 0;
  #out = 0;
  /** How many of those that are not out are no events but the status of the run. */
  #statuses = 0;
  #gone = false;

  constructor(segments: Segments, appender: Appender, intake: Intake) {
    this.segments = segments;
    this.appender = appender;
    this.#intake = intake;
  }

  get written(): number {
    return this.#written;
  }

  /** How many are not out. */
  get remaining(): number {
    return this.#written - this.#out;
  }

  /** How many were not read to be sent. */
  get unread(): number {
    return this.#written - this.segments.polled;
  }

  write(kind: Kind, count: number): void {
    this.#written += count;
    if (kind === "status") this.#statuses += count;
  }

  /** These are out, unless all are known to be. It may be said before {@link write} is: what is on the disk can be sent at once. */
  leave(kind: Kind, count: number): void {
    if (this.#gone) return;
    this.#out += count;
    if (kind === "status") this.#statuses -= count;
    this.#intake.leave(kind, count);
  }

  /** Everything here is out. */
  leaveAll(): void {
    this.#gone = true;
    this.#intake.leave("status", this.#statuses);
    this.#intake.leave("metric", this.remaining - this.#statuses);
  }
}

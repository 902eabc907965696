import * as Effect from "effect/Effect";
import { type Disk, failing, syncDirectory, withFile } from "./disk.ts";
import { type Segments, segmentName } from "./segments.ts";
import type { SpoolError } from "./service.ts";

/** When a file is as large as this, the next one begins. */
const segmentBytes = 4 * 1024 * 1024;

/**
 * The writing end of a log. One fiber at a time. The file is open for as long as something is written to it, so that a
 * recorder that is idle holds none.
 */
export class Appender {
  readonly #disk: Disk;
  readonly #segments: Segments;
  #number = 1;
  /** How much of the file is written; `undefined` before it is there. */
  #offset: number | undefined;

  constructor(disk: Disk, segments: Segments) {
    this.#disk = disk;
    this.#segments = segments;
  }

  /** On the disk when it returns, or not there at all. */
  append(bytes: Uint8Array): Effect.Effect<void, SpoolError> {
    return Effect.suspend(() => {
      const { directory } = this.#segments;
      const path = this.#disk.path.join(directory, segmentName(this.#number));
      const isNew = this.#offset === undefined;
      const offset = this.#offset ?? 0;
      return withFile(this.#disk, path, isNew ? "ax" : "a", (file) => {
        this.#offset = offset;
        return Effect.andThen(file.writeAll(bytes), file.sync).pipe(
          // What was written in part is cut off again; where that fails too, the next write begins a new file, and
          // the torn end is found when it is read.
          Effect.onError(() => Effect.catch(file.truncate(offset), () => this.#next)),
        );
      }).pipe(
        failing("write", path),
        Effect.andThen(isNew ? syncDirectory(this.#disk, directory) : Effect.void),
        Effect.andThen(
          Effect.suspend(() => {
            const end = offset + bytes.byteLength;
            this.#offset = end;
            this.#segments.grow(this.#number, end);
            return end < segmentBytes ? Effect.void : this.#next;
          }),
        ),
      );
    }).pipe(Effect.uninterruptible);
  }

  readonly #next = Effect.sync(() => {
    this.#number++;
    this.#offset = undefined;
  });
}

import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as FileSystem from "effect/FileSystem";
import * as Scope from "effect/Scope";
import { type Disk, failing, syncDirectory } from "./disk.ts";
import { type Segments, segmentName } from "./segments.ts";
import type { SpoolError } from "./service.ts";

/** When a file is as large as this, the next one begins. */
const segmentBytes = 4 * 1024 * 1024;

interface Open {
  readonly number: number;
  readonly file: FileSystem.File;
  readonly scope: Scope.Closeable;
  offset: number;
}

/** The writing end of a log. One fiber at a time. */
export class Appender {
  readonly #disk: Disk;
  readonly #segments: Segments;
  #open: Open | undefined;
  #next = 1;

  constructor(disk: Disk, segments: Segments) {
    this.#disk = disk;
    this.#segments = segments;
  }

  /** On the disk when it returns, or not there at all. */
  append(bytes: Uint8Array): Effect.Effect<void, SpoolError> {
    return Effect.gen({ self: this }, function* () {
      const open = this.#open ?? (yield* this.begin);
      yield* open.file.writeAll(bytes).pipe(
        Effect.andThen(open.file.sync),
        failing("write", this.#path(open.number)),
        Effect.onError(() => this.#takeBack(open)),
      );
      open.offset += bytes.byteLength;
      this.#segments.grow(open.number, open.offset);
      if (open.offset >= segmentBytes) yield* this.close;
    }).pipe(Effect.uninterruptible);
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? Effect.void : Scope.close(open.scope, Exit.void);
  });

  #path(number: number): string {
    return this.#disk.path.join(this.#segments.directory, segmentName(number));
  }

  private readonly begin: Effect.Effect<Open, SpoolError> = Effect.suspend(() => {
    const number = this.#next++;
    const path = this.#path(number);
    return Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.make();
      const file = yield* this.#disk.fs.open(path, { flag: "ax" }).pipe(
        Scope.provide(scope),
        failing("write", path),
        Effect.onError(() => Scope.close(scope, Exit.void)),
      );
      yield* syncDirectory(this.#disk, this.#segments.directory);
      return (this.#open = { number, file, scope, offset: 0 });
    });
  });

  /**
   * What was written in part is cut off again; where that fails too, the next write begins a new file, and the torn
   * end is found when it is read.
   */
  #takeBack(open: Open): Effect.Effect<void> {
    return Effect.catch(open.file.truncate(open.offset), () => this.close);
  }
}

import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as PlatformError from "effect/PlatformError";

const full = (path: string) =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "write",
    pathOrDescriptor: path,
    cause: new Error("ENOSPC: no space left on device, write"),
  });

/** A disk on which writes of the spool fail while it is full, after half of what was to be written. */
export class Disk {
  isFull = false;
  readonly layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      open: (path: string, options: Parameters<typeof fs.open>[1]) =>
        Effect.map(fs.open(path, options), (file): FileSystem.File => ({
          [FileSystem.FileTypeId]: FileSystem.FileTypeId,
          stat: file.stat,
          sync: file.sync,
          seek: (offset, from) => file.seek(offset, from),
          read: (buffer, options) => file.read(buffer, options),
          readAlloc: (size, options) => file.readAlloc(size, options),
          truncate: (length) => file.truncate(length),
          write: (buffer) => file.write(buffer),
          writeAll: (buffer) =>
            Effect.suspend(() =>
              this.isFull
                ? Effect.andThen(
                    file.writeAll(buffer.subarray(0, buffer.length >> 1)),
                    Effect.fail(full(path)),
                  )
                : file.writeAll(buffer),
            ),
        })),
    })),
  ).pipe(Layer.provideMerge(NodeServices.layer));
}

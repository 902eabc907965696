import * as Clock from "effect/Clock";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FileSystem from "effect/FileSystem";
import * as Option from "effect/Option";
import * as Path from "effect/Path";
import type { PlatformError } from "effect/PlatformError";
import type { Lock, Store } from "./store.ts";

type Step<A> = Effect.Effect<A, PlatformError>;

/** What a process left behind is only cleared away when nobody can still be at it. */
const hour = 3_600_000;

/**
 * One file for each text, `<name>.key`, whose first line says until when it is good, in milliseconds since the epoch.
 *
 * A lock is a file too, `<name>.<n>.lock`, that says until when it is held. Whoever creates it has it: linking to a finished file fails
 * where there is one, and shows none half written. A lock that ran out is neither removed nor overwritten, for two could do that in turn
 * and each believe it has the lock: it is outdone by the next number, which only one can create.
 */
export const make = (directory: Step<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem;
    const path = yield* Path.Path;

    const inDirectory = (file: string): Step<string> =>
      Effect.map(directory, (directory) => path.join(directory, file));
    const keyFile = (name: string) => inDirectory(`${name}.key`);
    const newFile = Effect.suspend(() => inDirectory(`${SecureRandom.uuidV4Unsafe()}.tmp`));

    const remove = (file: string) => fs.remove(file, { force: true });

    const read = (file: string) =>
      fs.readFileString(file).pipe(
        Effect.map((content) => {
          const [until = "", text = ""] = content.split("\n");
          return { until: Number(until), text };
        }),
        Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined),
      );

    /** Others see the file when it is whole, and never before. */
    const put = (content: string, show: (finished: string) => Step<void>): Step<void> =>
      Effect.flatMap(newFile, (file) => {
        const write = fs.writeFileString(file, content, { flag: "wx", mode: 0o600 });
        const parent = fs.makeDirectory(path.dirname(file), { recursive: true, mode: 0o700 });
        return write.pipe(
          Effect.catchReason("PlatformError", "NotFound", () => Effect.andThen(parent, write)),
          Effect.andThen(show(file)),
          // Nobody waits for it, not even where the file system hangs.
          Effect.ensuring(Effect.forkDetach(Effect.ignore(remove(file)))),
        );
      });

    /** Taken aside to be looked at: between reading and removing, another could write it anew. What is begun is done, though nobody waits. */
    const removeIfSame = (file: string, text: string): Step<void> =>
      Effect.flatMap(newFile, (aside) =>
        Effect.gen(function* () {
          yield* fs.rename(file, aside);
          if ((yield* read(aside))?.text !== text) yield* Effect.ignore(fs.link(aside, file));
          yield* remove(aside);
        }),
      ).pipe(
        Effect.catchReason("PlatformError", "NotFound", () => Effect.void),
        Effect.forkDetach,
        Effect.flatMap(Fiber.join),
      );

    const lock = (name: string, ttl: number, n: number): Step<Lock | undefined> =>
      Effect.gen(function* () {
        const file = yield* inDirectory(`${name}.${n}.lock`);
        const there = yield* read(file);
        if (there !== undefined) {
          const now = yield* Clock.currentTimeMillis;
          return there.until > now ? undefined : yield* lock(name, ttl, n + 1);
        }
        const hold = (show: (finished: string) => Step<void>) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => put(String(now + ttl), show));
        return yield* hold((finished) => fs.link(finished, file)).pipe(
          Effect.as<Lock>({
            extend: hold((finished) => fs.rename(finished, file)),
            release: remove(file),
          }),
          Effect.catchReason("PlatformError", "AlreadyExists", () => Effect.undefined),
        );
      });

    /** Clears away what ran out, and what processes that died have left. */
    const sweep = Effect.fnUntraced(function* (name: string) {
      const file = yield* inDirectory(name);
      const now = yield* Clock.currentTimeMillis;
      if (name.endsWith(".tmp")) {
        const { mtime } = yield* fs.stat(file);
        if (Option.isSome(mtime) && mtime.value.getTime() + hour < now) yield* remove(file);
        return;
      }
      const there = yield* read(file);
      if (there === undefined) return;
      if (name.endsWith(".lock") && !(there.until + hour > now)) yield* remove(file);
      if (name.endsWith(".key") && !(there.until > now)) yield* removeIfSame(file, there.text);
    });
    yield* directory.pipe(
      Effect.flatMap(fs.readDirectory),
      Effect.flatMap(Effect.forEach((name) => Effect.ignore(sweep(name)), { discard: true })),
      Effect.ignore,
      Effect.forkScoped,
    );

    const store: Store = {
      read: (name) =>
        Effect.gen(function* () {
          const key = yield* Effect.flatMap(keyFile(name), read);
          const now = yield* Clock.currentTimeMillis;
          return key !== undefined && key.until > now ? key.text : undefined;
        }),
      write: (name, text, until) =>
        Effect.flatMap(keyFile(name), (file) =>
          put(`${until}\n${text}`, (finished) => fs.rename(finished, file)),
        ),
      remove: (name, text) =>
        Effect.flatMap(keyFile(name), (file) =>
          text === undefined ? remove(file) : removeIfSame(file, text),
        ),
      lock: (name, ttl) => lock(name, ttl, 1),
    };
    return store;
  });

/**
 * Who owns what in a directory that processes share.
 *
 * Each process shows that it is alive by writing its lease now and then. Each log is a directory named after its owner, `{log}@{owner}`; taking a log over is
 * renaming it, which the file system lets one of several do. Owners that are gone are told by their lease: removed, or not written for long. A process that was
 * only slow finds its directory gone after its next write, and writes again what it wrote since, elsewhere: so a wrong guess costs a
 * few events sent twice, which the service knows by their ids.
 */
import * as Clock from "effect/Clock";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Option from "effect/Option";
import * as Path from "effect/Path";
import type * as Scope from "effect/Scope";
import type { FileOptions, Spool } from "../../Spool.ts";
import type { SpoolError } from "./spoolError.ts";
import { type Disk, failing, orMissing } from "./disk.ts";
import type { MetricsApiAuthError } from "../../MetricsApiError.ts";
import { countSetting, durationSetting, invalidSetting } from "../setting.ts";
import { makeFileLog, type Ground } from "./fileLog.ts";
import { makeLeftover } from "./leftover.ts";
import type { Leftover } from "./log.ts";

/** The owner of what nobody owns. */
const nobody = "free";

const ownedName = /^(.+)@([^@]+)$/;

export const makeFileSpool = (
  where: string,
  options: FileOptions,
): Effect.Effect<
  Spool["Service"],
  MetricsApiAuthError | SpoolError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem;
    const path = yield* Path.Path;
    const disk: Disk = { fs, path };
    // What is logged can be pasted anywhere, and a job may change its working directory.
    const directory = path.resolve(where);
    const clock = yield* Clock.Clock;
    if (where === "") return yield* invalidSetting("directory", "a path");
    const lease = yield* durationSetting(options.lease ?? "10 seconds", "lease");
    const capacity = yield* countSetting(options.capacity ?? 20_000, "capacity");
    const me = SecureRandom.uuidV4Unsafe();
    const leaseOf = (owner: string) => path.join(directory, `${owner}.lease`);

    const show = fs.writeFileString(leaseOf(me), me).pipe(failing("write", leaseOf(me)));
    yield* fs.makeDirectory(directory, { recursive: true }).pipe(failing("open", directory));
    yield* Effect.acquireRelease(show, () =>
      Effect.ignore(fs.remove(leaseOf(me), { force: true })),
    );
    yield* Effect.ignore(show).pipe(
      Effect.delay(Duration.times(lease, 1 / 5)),
      Effect.forever,
      Effect.forkScoped,
    );

    const lastShown = (owner: string) =>
      orMissing(fs.stat(leaseOf(owner))).pipe(
        failing("read", leaseOf(owner)),
        Effect.map((info) => info && Option.getOrElse(info.mtime, () => new Date()).getTime()),
      );

    /** By the file system's own clock, which is the same for all who share it. */
    const isGone = Effect.fnUntraced(function* (owner: string, now: number) {
      if (owner === nobody) return true;
      const shown = yield* lastShown(owner);
      return shown === undefined || now - shown > Duration.toMillis(lease);
    });

    const take = (name: string, from: string, to: string): Effect.Effect<boolean, SpoolError> => {
      const source = path.join(directory, `${name}@${from}`);
      return orMissing(
        Effect.as(fs.rename(source, path.join(directory, `${name}@${to}`)), true as const),
      ).pipe(
        failing("open", source),
        Effect.map((taken) => taken === true),
      );
    };

    const leave: Ground["leave"] = (home) =>
      Effect.suspend(() => {
        const [, name] = ownedName.exec(path.basename(home)) ?? [];
        return name === undefined ? Effect.void : Effect.ignore(take(name, me, nobody));
      });

    let made = 0;
    const ground: Ground = {
      disk,
      directory,
      // Sorted by name they are sorted by age.
      newHome: () =>
        path.join(
          directory,
          `${String(clock.currentTimeMillisUnsafe()).padStart(15, "0")}-${me.slice(0, 8)}-${++made}@${me}`,
        ),
      leave,
      isAround: (home) => {
        const [, name] = ownedName.exec(path.basename(home)) ?? [];
        return fs.readDirectory(directory).pipe(
          Effect.map((names) => names.some((one) => one.startsWith(`${name}@`))),
          Effect.orElseSucceed(() => true),
        );
      },
      patience: Duration.times(lease, 1 / 5),
    };

    const told = new Set<string>();
    const elsewhere = (host: string) => {
      if (told.has(host)) return Effect.void;
      told.add(host);
      return Effect.logInfo(`${directory} holds events for ${host}, which are sent only there`);
    };

    const adopt: Spool["Service"]["adopt"] = Effect.fnUntraced(function* (host, limits) {
      const leftovers: Array<Leftover> = [];
      let owned = 0;
      const names = yield* fs.readDirectory(directory).pipe(failing("read", directory));
      const others = names.filter((name) => name !== `${me}.lease` && !name.endsWith(`@${me}`));
      if (others.length > 0) yield* show;
      const now = (yield* lastShown(me)) ?? 0;
      for (const whole of others.toSorted()) {
        const [, name, owner] = ownedName.exec(whole) ?? [];
        if (name === undefined || owner === undefined) {
          const [, silent] = /^(.+)\.lease$/.exec(whole) ?? [];
          if (silent !== undefined && (yield* isGone(silent, now))) {
            yield* Effect.ignore(fs.remove(leaseOf(silent), { force: true }));
          }
          continue;
        }
        if (!(yield* isGone(owner, now))) {
          owned++;
          continue;
        }
        const leftover = yield* makeLeftover(
          { disk, leave },
          { host, limits, elsewhere },
          path.join(directory, whole),
          Effect.map(take(name, owner, me), (taken) =>
            taken ? path.join(directory, `${name}@${me}`) : undefined,
          ),
        );
        if (leftover !== undefined) leftovers.push(leftover);
      }
      return { leftovers, owned };
    });

    return {
      open: (destination, limits) =>
        makeFileLog(ground, destination, limits, {
          durability: options.durability ?? "batch",
          capacity,
          overflow: options.overflow ?? "backpressure",
        }),
      adopt,
      lease,
    };
  });

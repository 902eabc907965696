/**
 * Who owns what in a directory that processes share.
 *
 * Each process shows that it is alive by writing its lease now and then. Each log is a directory named after its
 * owner, `{log}@{owner}`; taking a log over is renaming it, which the file system lets one of several do. The lease
 * of an owner that is gone is removed, or was not written for long. A process that was only slow finds its
 * directory gone after its next write, and writes again what it wrote since, elsewhere: so a wrong guess costs a few
 * events sent twice, which the service knows by their ids.
 */
import * as Clock from "effect/Clock";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as Option from "effect/Option";
import * as Path from "effect/Path";
import type * as Scope from "effect/Scope";
import type { MetricsApiAuthError } from "../base/errors.ts";
import { countSetting, durationSetting, invalidSetting } from "../base/settings.ts";
import { type Disk, failing, orMissing } from "./disk.ts";
import { makeFileLog, type SpoolDirectory } from "./fileLog.ts";
import { makeLeftover } from "./leftover.ts";
import type { Destination, FileOptions, Leftover, Spool, SpoolError } from "./service.ts";

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

    const renewLease = fs.writeFileString(leaseOf(me), me).pipe(failing("write", leaseOf(me)));
    yield* fs.makeDirectory(directory, { recursive: true }).pipe(failing("open", directory));
    yield* Effect.acquireRelease(renewLease, () =>
      Effect.ignore(fs.remove(leaseOf(me), { force: true })),
    );
    yield* Effect.ignore(renewLease).pipe(
      Effect.delay(Duration.times(lease, 1 / 5)),
      Effect.forever,
      Effect.forkScoped,
    );

    const lastRenewal = (owner: string) =>
      orMissing(fs.stat(leaseOf(owner))).pipe(
        failing("read", leaseOf(owner)),
        Effect.map((info) => info && Option.getOrElse(info.mtime, () => new Date()).getTime()),
      );

    /** By the file system's own clock, which is the same for all who share it. */
    const isGone = Effect.fnUntraced(function* (owner: string, now: number) {
      if (owner === nobody) return true;
      const renewed = yield* lastRenewal(owner);
      return renewed === undefined || now - renewed > Duration.toMillis(lease);
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

    const release: SpoolDirectory["release"] = (log) =>
      Effect.suspend(() => {
        const [, name] = ownedName.exec(path.basename(log)) ?? [];
        return name === undefined ? Effect.void : Effect.ignore(take(name, me, nobody));
      });

    let made = 0;
    const spoolDirectory: SpoolDirectory = {
      disk,
      directory,
      // Sorted by name they are sorted by age.
      newName: () =>
        path.join(
          directory,
          `${String(clock.currentTimeMillisUnsafe()).padStart(15, "0")}-${me.slice(0, 8)}-${++made}@${me}`,
        ),
      release,
      exists: (log) => {
        const [, name] = ownedName.exec(path.basename(log)) ?? [];
        return fs.readDirectory(directory).pipe(
          Effect.map((names) => names.some((one) => one.startsWith(`${name}@`))),
          Effect.orElseSucceed(() => true),
        );
      },
      pollInterval: Duration.times(lease, 1 / 5),
    };

    const others = new Set<string>();
    const onOther = ({ api, host }: Destination) => {
      const other = `${api} of ${host}`;
      if (others.has(other)) return Effect.void;
      others.add(other);
      return Effect.logInfo(
        `${directory} holds events for API ${other}. They are left alone: they are sent only there.`,
      );
    };

    const adopt: Spool["Service"]["adopt"] = Effect.fnUntraced(function* (recipient, limits) {
      const leftovers: Array<Leftover> = [];
      let owned = 0;
      const names = yield* fs.readDirectory(directory).pipe(failing("read", directory));
      const notMine = names.filter((name) => name !== `${me}.lease` && !name.endsWith(`@${me}`));
      if (notMine.length > 0) yield* renewLease;
      const now = (yield* lastRenewal(me)) ?? 0;
      for (const whole of notMine.toSorted()) {
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
          { disk, release },
          { recipient, limits, onOther },
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
        makeFileLog(spoolDirectory, destination, limits, {
          durability: options.durability ?? "batch",
          capacity,
          overflow: options.overflow ?? "backpressure",
        }),
      adopt,
      lease,
    };
  });

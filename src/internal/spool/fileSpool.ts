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
import * as Semaphore from "effect/Semaphore";
import type * as Scope from "effect/Scope";
import type { MetricsApiAuthError } from "../base/errors.ts";
import { idleSleep } from "../base/idleSleep.ts";
import { countSetting, durationSetting, invalidSetting } from "../base/settings.ts";
import { type Disk, failing, maxOpenFiles, orMissing } from "./disk.ts";
import { makeFileLog, type SpoolDirectory } from "./fileLog.ts";
import { makeLeftover } from "./leftover.ts";
import { type Label, readLabel } from "./logDirectory.ts";
import type {
  FileOptions,
  LeftAlone,
  Leftover,
  Limits,
  Recipient,
  Spool,
  SpoolError,
} from "./service.ts";

/** The owner of what nobody owns. */
const nobody = "free";

/** Time, process and number, and the owner: what has another name is not ours to touch. */
const ownedName = /^(\d{15}-[0-9a-f]{8}-\d+)@([0-9a-f-]{36}|free)$/;
const leaseName = /^([0-9a-f-]{36})\.lease$/;

const isFor = ({ destination }: Label, { api, host }: Recipient): boolean =>
  destination.host === host && destination.api === api;

const leftAlone = (path: string, reason: LeftAlone["reason"], detail: string): LeftAlone => ({
  path,
  reason,
  detail,
});

const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`;

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
    const disk: Disk = { fs, path, openFiles: Semaphore.makeUnsafe(maxOpenFiles) };
    // What is logged can be pasted anywhere, and a job may change its working directory.
    const directory = path.resolve(where);
    const clock = yield* Clock.Clock;
    if (where === "") return yield* invalidSetting("directory", "a path");
    const lease = yield* durationSetting(options.lease ?? "10 seconds", "lease");
    const capacity = yield* countSetting(options.capacity ?? 20_000, "capacity");
    const me = SecureRandom.uuidV4Unsafe();
    const leaseOf = (owner: string) => path.join(directory, `${owner}.lease`);

    const writeLease = fs.writeFileString(leaseOf(me), me).pipe(
      // The directory may have been deleted.
      Effect.catchIf(
        (error) => error.reason._tag === "NotFound",
        () =>
          Effect.andThen(
            fs.makeDirectory(directory, { recursive: true }),
            fs.writeFileString(leaseOf(me), me),
          ),
      ),
    );
    let renewedAt = clock.currentTimeMillisUnsafe();
    /** This process was never silent for so long that it could be taken for gone. */
    let hasAlwaysShown = true;
    const noteSilence = () => {
      const silent = clock.currentTimeMillisUnsafe() - renewedAt;
      if (silent > Duration.toMillis(lease) / 2) hasAlwaysShown = false;
    };
    const renewLease = writeLease.pipe(
      failing("write", leaseOf(me)),
      Effect.tap(() =>
        Effect.sync(() => {
          noteSilence();
          renewedAt = clock.currentTimeMillisUnsafe();
        }),
      ),
    );
    yield* fs.makeDirectory(directory, { recursive: true }).pipe(failing("open", directory));
    yield* Effect.acquireRelease(renewLease, () =>
      Effect.ignore(fs.remove(leaseOf(me), { force: true })),
    );
    yield* idleSleep(Duration.times(lease, 1 / 5)).pipe(
      Effect.andThen(Effect.ignore(renewLease)),
      Effect.forever,
      Effect.forkScoped,
    );

    const lastRenewal = (owner: string) =>
      orMissing(fs.stat(leaseOf(owner))).pipe(
        failing("read", leaseOf(owner)),
        Effect.map((info) => info && Option.getOrElse(info.mtime, () => new Date()).getTime()),
      );

    /**
     * For how long the owner has been silent, by the file system's own clock, which is the same for all who share it;
     * `undefined` when it is gone. Nobody shows in the future: a clock went back.
     */
    const silence = Effect.fnUntraced(function* (owner: string, now: number) {
      if (owner === nobody) return undefined;
      const renewed = yield* lastRenewal(owner);
      if (renewed === undefined || Math.abs(now - renewed) > Duration.toMillis(lease)) {
        return undefined;
      }
      return Math.max(0, now - renewed);
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
        return orMissing(fs.readDirectory(directory)).pipe(
          Effect.map((names) => names?.some((one) => one.startsWith(`${name}@`)) ?? false),
          Effect.orElseSucceed(() => true),
        );
      },
      hasAlwaysShown: () => {
        noteSilence();
        return hasAlwaysShown;
      },
      pollInterval: Duration.times(lease, 1 / 5),
    };

    /** Takes a log over if it is for this recipient and its owner is gone. */
    const adoptOne = Effect.fnUntraced(function* (
      [name, owner]: readonly [string, string],
      recipient: Recipient,
      limits: Limits,
      now: number,
    ) {
      const found = path.join(directory, `${name}@${owner}`);
      const label = yield* readLabel(disk, found);
      // A key goes only to the host it is paired with, and so does an event; and what is written for one generation
      // is not read by another.
      if (label !== undefined && !isFor(label, recipient)) {
        const { api, host, slug } = label.destination;
        return leftAlone(found, "other", `${slug} is for API ${api} of ${host}`);
      }
      const silent = yield* silence(owner, now);
      if (silent !== undefined) {
        return label === undefined
          ? undefined
          : leftAlone(
              found,
              "owned",
              `the process that records ${label.destination.slug} showed ${seconds(silent)} ago`,
            );
      }
      if (!(yield* take(name, owner, me))) return undefined;
      const log = path.join(directory, `${name}@${me}`);
      return yield* makeLeftover({ disk, release }, limits, log, label).pipe(
        // What cannot be read is nobody's, and keeps nobody from the rest.
        Effect.catch((error) =>
          Effect.as(
            release(log),
            leftAlone(path.join(directory, `${name}@${nobody}`), "unreadable", error.message),
          ),
        ),
      );
    });

    const adopt: Spool["Service"]["adopt"] = Effect.fnUntraced(function* (recipient, limits) {
      const leftovers: Array<Leftover> = [];
      const alone: Array<LeftAlone> = [];
      const names =
        (yield* orMissing(fs.readDirectory(directory)).pipe(failing("read", directory))) ?? [];
      const notMine = names.filter((name) => name !== `${me}.lease` && !name.endsWith(`@${me}`));
      if (notMine.length > 0) yield* renewLease;
      const now = (yield* lastRenewal(me)) ?? 0;
      for (const whole of notMine.toSorted()) {
        const [, name, owner] = ownedName.exec(whole) ?? [];
        if (name !== undefined && owner !== undefined) {
          const adopted = yield* Effect.catch(
            adoptOne([name, owner], recipient, limits, now),
            (error) =>
              Effect.succeed(leftAlone(path.join(directory, whole), "unreadable", error.message)),
          );
          if (adopted === undefined) continue;
          if ("reason" in adopted) alone.push(adopted);
          else leftovers.push(adopted);
          continue;
        }
        const [, silent] = leaseName.exec(whole) ?? [];
        if (silent !== undefined) {
          const isGone = Effect.map(silence(silent, now), (millis) => millis === undefined);
          if (yield* Effect.orElseSucceed(isGone, () => false)) {
            yield* Effect.ignore(fs.remove(leaseOf(silent), { force: true }));
          }
        }
      }
      return { leftovers, leftAlone: alone };
    });

    return {
      open: (destination, note, limits) =>
        makeFileLog(spoolDirectory, { destination, note }, limits, {
          durability: options.durability ?? "batch",
          capacity,
          overflow: options.overflow ?? "backpressure",
        }),
      adopt,
      lease,
      survives: true,
    };
  });

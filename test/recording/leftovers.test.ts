/** What is found in a spool directory is dealt with one by one: what cannot be read holds nothing else up. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as References from "effect/References";
import { mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Collector from "../../src/Collector.ts";
import * as Faults from "../../src/testing/Faults.ts";
import { listening } from "../support/logs.ts";
import { collecting, stored, withDirectory } from "../support/recording.ts";
import { adoptIn, events, homeIn, inDirectory, leave, spoolOn } from "../support/spools.ts";

const manually = { recoverOnStart: false };

/** A job that could not deliver its events; answers the experiment's id. */
const job = (directory: string, slug: string) =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug });
    yield* Faults.status(401, { times: Infinity });
    for (let step = 0; step < 10; step++) yield* recorder.metric("loss", 1, { step });
    return (yield* recorder.experiment).id;
  }).pipe(
    Effect.scoped,
    Effect.ensuring(Faults.clear),
    Effect.provide(collecting(directory, manually)),
  );

const owner = "00000000-0000-4000-8000-000000000000";
const logNamed = (rest: string) => `000001700000000-0badf00d-1@${rest}`;

const strangers: ReadonlyArray<
  readonly [what: string, make: (directory: string) => void, warning: RegExp | undefined]
> = [
  [
    "a log without a readable label",
    (directory) => {
      mkdirSync(join(directory, logNamed("free"), "log.json"), { recursive: true });
    },
    /@free is left alone, as it cannot be read: Cannot read .*log\.json: EISDIR/,
  ],
  [
    "a log with another label",
    (directory) => {
      mkdirSync(join(directory, logNamed(owner)));
      writeFileSync(join(directory, logNamed(owner), "log.json"), '{"hello":"there"}');
    },
    /cannot be read: Cannot read .*log\.json: it is not the label of a log/,
  ],
  [
    "a plain file with the name of a log",
    (directory) => writeFileSync(join(directory, logNamed("free")), "?"),
    /@free is left alone, as it cannot be read: Cannot read .*: ENOTDIR/,
  ],
  [
    "files of others",
    (directory) => {
      writeFileSync(join(directory, ".DS_Store"), "?");
      writeFileSync(join(directory, "notes@home.txt"), "?");
      mkdirSync(join(directory, "backup@2024"));
      writeFileSync(join(directory, "backup@2024", "precious"), "?");
    },
    undefined,
  ],
];

describe("beside what was left", () => {
  for (const [what, make, warning] of strangers) {
    it.live(`${what} is left as it is, and the rest is sent`, () => {
      const { layer, said } = listening();
      return withDirectory((directory) =>
        Effect.gen(function* () {
          const ids = yield* Effect.forEach(["one", "two", "three"], (slug) =>
            job(directory, slug),
          );
          make(directory);
          const before = readdirSync(directory, { recursive: true });
          yield* Effect.gen(function* () {
            const recovery = yield* Collector.recover;
            assert.deepInclude(recovery, { delivered: 30, remaining: 0 });
            yield* Collector.recover;
            yield* Collector.recover;
          }).pipe(
            Effect.provide(collecting(directory, manually)),
            Effect.provide(layer),
            Effect.provideService(References.MinimumLogLevel, "Warn"),
          );
          for (const id of ids) assert.lengthOf(yield* stored(id), 10);
          const after = readdirSync(directory, { recursive: true });
          assert.isAbove(after.length, 0);
          // An owner that is not there is none.
          for (const name of after) assert.include(before.join("\n"), String(name).split("@")[0]!);
          assert.lengthOf(said, warning === undefined ? 0 : 1);
          if (warning !== undefined) assert.match(said[0]!, warning);
        }),
      );
    });
  }

  it.live("a log with a file that cannot be read is warned of once, and stays nobody's", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* leave(directory, events(3));
        const broken = homeIn(directory);
        rmSync(join(broken, "00000001.spool"));
        mkdirSync(join(broken, "00000001.spool"));
        yield* leave(directory, events(3));
        for (let i = 0; i < 3; i++) {
          const { leftAlone, leftovers } = yield* Effect.scoped(adoptIn(directory));
          assert.deepStrictEqual(
            leftAlone.map(({ path, reason }) => [path, reason]),
            [[broken, "unreadable"]],
          );
          assert.match(leftAlone[0]!.detail, /^Cannot read .*00000001\.spool: EISDIR/);
          assert.lengthOf(leftovers, 1);
          yield* leftovers[0]!.release;
        }
      }),
    ),
  );
});

describe("a lease", () => {
  const dated = (seconds: number) =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* leave(directory, events(3));
        const log = homeIn(directory).replace(/@free$/, `@${owner}`);
        const lease = join(directory, `${owner}.lease`);
        renameSync(homeIn(directory), log);
        writeFileSync(lease, owner);
        const time = Date.now() / 1000 + seconds;
        utimesSync(lease, time, time);
        const spool = yield* spoolOn(directory, { lease: "10 seconds" });
        return yield* spool.adopt(
          { api: "v1", host: "https://metrics.test" },
          { maxEvents: 10, maxBytes: 10_000, interval: spool.lease },
        );
      }),
    );

  for (const [when, seconds, isAlive] of [
    ["of a moment ago", -1, true],
    ["of long ago", -3600, false],
    ["in the near future", 1, true],
    ["in the far future, as a clock went back", 3600, false],
  ] as const) {
    it.live(`${when} is that of a process that is ${isAlive ? "alive" : "gone"}`, () =>
      Effect.gen(function* () {
        const { leftAlone, leftovers } = yield* dated(seconds);
        assert.lengthOf(leftovers, isAlive ? 0 : 1);
        assert.lengthOf(leftAlone, isAlive ? 1 : 0);
      }),
    );
  }
});

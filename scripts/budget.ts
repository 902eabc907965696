/**
 * What the library costs those who import it, in bytes and in modules, held against what it may cost. No times: the
 * answer is the same on every machine.
 *
 * Looks at the build. `--update` writes the modules down (test/package/modules.json) instead of comparing them.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { bundlers, modulesIn, programs } from "../bench/support/bundle.ts";
import { loadedBy } from "../bench/support/modules.ts";

const snapshot = `${import.meta.dirname}/../test/package/modules.json`;
const specifiers = [
  "syvain-metrics-effect",
  "syvain-metrics-effect/Experiments",
  "syvain-metrics-effect/v2",
];

const say = (what: string, problems: ReadonlyArray<string>) => {
  if (problems.length > 0) process.exitCode = 1;
  console.log([`${problems.length === 0 ? "ok  " : "FAIL"} ${what}`, ...problems].join("\n     "));
};

// -----------------------------------------------------------------------------
// Bytes, minified and compressed
// -----------------------------------------------------------------------------

const bytes = (count: number) => `${count.toLocaleString("en")} bytes`;

const hold = (what: string, size: number, limit: number) =>
  say(
    `${what}: ${bytes(size)} of ${bytes(limit)}`,
    size <= limit ? [] : [`it grew over its budget by ${bytes(size - limit)}`],
  );

for (const [bundler, size] of Object.entries(bundlers)) {
  const bare = await size(programs.bareEffect);
  const one = await size(programs.oneEndpoint);
  const two = await size(programs.twoEndpoints);
  hold(`one endpoint in a bundle of ${bundler}, over the same by hand on effect`, one - bare, 6000);
  hold(`one endpoint more in a bundle of ${bundler}`, two - one, 1000);
  const v2 = await size(programs.v2Call);
  hold(`one call of API v2 in a bundle of ${bundler}, over the same bare effect`, v2 - bare, 7000);
}

const page = `${import.meta.dirname}/../dist/page`;
const loaded = readdirSync(page, { recursive: true, withFileTypes: true }).filter(
  (file) => file.isFile() && !file.name.endsWith(".txt"),
);
hold(
  "the page of the server, all that a browser loads",
  loaded.reduce(
    (sum, { name, parentPath }) => sum + gzipSync(readFileSync(`${parentPath}/${name}`)).length,
    0,
  ),
  120_000,
);

// -----------------------------------------------------------------------------
// Modules in a bundle
// -----------------------------------------------------------------------------

/** What a program that uses v1 alone has no use for. */
const ofV2 =
  /^src\/(v2|internal\/(events|runs|wire\/v2))\/|\/experimentToken\.ts$|\/series\/columns\.ts$/;

for (const name of ["oneEndpoint", "twoEndpoints", "ingest", "root", "v2Call"] as const) {
  const modules = await modulesIn(programs[name]);
  const others = modules.filter((module) => ofV2.test(module));
  // The last one shows that they would be found.
  if (name === "v2Call") {
    say("a program of API v2 has modules of it", others.length > 0 ? [] : ["none was found"]);
  } else {
    say(
      `${name}, of ${modules.length} modules, has nothing of API v2`,
      others.map((module) => `it has something of ${module}`),
    );
  }
}

// -----------------------------------------------------------------------------
// Modules that Node loads
// -----------------------------------------------------------------------------

interface Modules {
  /** Files of this package. */
  readonly own: ReadonlyArray<string>;
  /** Modules of effect that these name. */
  readonly named: ReadonlyArray<string>;
  /** How many files of effect are loaded for them. */
  readonly effect: number;
}

const found = Object.fromEntries(
  specifiers.map((specifier): [string, Modules] => {
    const { own, named, effect, other } = loadedBy(specifier);
    if (other.length > 0)
      say(
        `import "${specifier}"`,
        other.map((file) => `loads ${file}`),
      );
    return [specifier, { own, named, effect: effect.length }];
  }),
);
if (process.argv.includes("--update"))
  writeFileSync(snapshot, `${JSON.stringify(found, null, 2)}\n`);

const written = JSON.parse(readFileSync(snapshot, "utf8")) as Record<string, Modules>;
const none: Modules = { own: [], named: [], effect: 0 };

for (const [specifier, { own, named, effect }] of Object.entries(found)) {
  const before = written[specifier] ?? none;
  const now = [...own, ...named];
  const then = [...before.own, ...before.named];
  const problems = [
    ...now.filter((name) => !then.includes(name)).map((name) => `it grew by ${name}`),
    ...then.filter((name) => !now.includes(name)).map((name) => `it shrank by ${name}`),
    ...(effect === before.effect ? [] : [`it was ${before.effect} files of effect`]),
  ];
  if (problems.length > 0) problems.push("if it is meant: npm run check:budget -- --update");
  say(
    `import "${specifier}": ${own.length} files of its own, which name ${named.length} modules of effect, ${effect} files in all`,
    problems,
  );
}

import { defineConfig } from "oxlint";

// -----------------------------------------------------------------------------
// Walls: what a module may import. Arrows only go down
// -----------------------------------------------------------------------------

const noBarrels = {
  regex: "^(effect(/[a-z-]+)?|@effect/platform-node)$",
  message:
    "Import the module itself (effect/Effect, effect/http/HttpClient): esbuild keeps all of a barrel.",
};
const onlyEffect = {
  // Stands last: oxlint looks no further where one of these exceptions holds.
  group: ["*", "!effect/**", "!./**", "!../**"],
  message: "The package depends on nothing but effect, and runs where there is no Node.",
};
const noServerModules = {
  regex: "^effect/(testing|http-api)/",
  message: "Only the server may need this: it would be bundled with every client.",
};
const noFaces = {
  // Only they have such names; an index that is further up than the next folder is that of src itself.
  regex: "(^|/)[A-Z]\\w*\\.ts$|^(\\.\\./){2,}index\\.ts$",
  message: "A public module is made of what is below it, which knows nothing of it.",
};
const noFolders = (folders: ReadonlyArray<string>, message: string) => ({
  regex: `^\\.{1,2}/(.*/)?(${folders.join("|")})/`,
  message,
});
const noProgram = noFolders(
  ["testing", "server", "cli"],
  "The client needs neither the server nor the command.",
);

/** The rooms of src/internal, and which others each may know. A generation of the API is a folder of `wire`. */
const rooms: Record<string, ReadonlyArray<string>> = {
  base: [],
  login: ["base"],
  spool: ["base"],
  wire: ["base"],
  "wire/v1": ["base", "wire"],
  "wire/v2": ["base", "wire"],
  request: ["base", "wire"],
  credentials: ["base", "wire", "v1", "request", "login"],
  events: ["base", "wire", "v2", "request"],
  keys: ["base", "wire", "v1", "v2", "request", "events"],
  series: ["base", "wire", "v1", "v2", "request", "events"],
  runs: ["base", "wire", "v2", "request", "events", "keys"],
  ingest: ["base", "wire", "v1", "request", "keys"],
  recording: ["base", "wire", "v1", "request", "keys", "ingest", "spool"],
};

const folderOf = (room: string) => room.replace(/^.*\//, "");

const noRoomsBut = (known: ReadonlyArray<string>) =>
  noFolders(
    Object.keys(rooms)
      .map(folderOf)
      .filter((room) => !known.includes(room)),
    `Of src/internal, this may know ${known.join(", ") || "nothing"}.`,
  );

/** The last one that names a file counts for it. */
const wall = (files: string, ...patterns: ReadonlyArray<object>) => ({
  files: [files],
  rules: { "eslint/no-restricted-imports": ["error", { patterns }] as ["error", object] },
});
const clientWall = (files: string, ...patterns: ReadonlyArray<object>) =>
  wall(files, noBarrels, noServerModules, noProgram, ...patterns, onlyEffect);

const walls = [
  clientWall("src/*.ts"),
  clientWall("src/v2/**"),
  wall("src/internal/**", {
    group: ["../**"],
    message: "Give this room its place among those of oxlint.config.ts.",
  }),
  ...Object.entries(rooms).map(([room, below]) =>
    clientWall(`src/internal/${room}/**`, noFaces, noRoomsBut([folderOf(room), ...below])),
  ),
  // Who records over v1 has nothing of v2, which is imported when it is asked for.
  clientWall(
    "src/internal/recording/*V2.ts",
    noFaces,
    noRoomsBut(["recording", ...(rooms["recording"] ?? []), "v2", "events", "runs"]),
  ),
  wall(
    "src/server/**",
    noBarrels,
    noFaces,
    noFolders(["testing", "cli"], "The server is made without what is made of it."),
    noFolders(["drivers"], "Which driver it stands on, the command says."),
    noFolders(["page"], "The page is built for the browser, and served as files."),
    noRoomsBut(["base", "wire", "v1", "v2"]),
    onlyEffect,
  ),
  // It runs in a browser: of the wire it knows the types, of effect nothing.
  wall(
    "src/server/page/**",
    {
      regex: "^\\.\\./(?!\\.\\./internal/wire/)",
      message: "The page knows the wire, and nothing else of the server.",
    },
    { group: ["*", "!uplot", "!./**", "!../**"], message: "The page stands on uPlot alone." },
  ),
  // What stands on Node, or on a database: the command alone may know it.
  wall(
    "src/server/drivers/**",
    noBarrels,
    noFaces,
    noFolders(["testing", "cli"], "The server is made without what is made of it."),
    noRoomsBut(["base", "wire", "v1", "v2"]),
    {
      group: ["*", "!effect/**", "!./**", "!../**", "!node:*", "!@effect/sql-pg/**"],
      message: "A driver stands on Node, on effect, and on the driver of its database.",
    },
  ),
  wall(
    "src/testing/**",
    noBarrels,
    noFolders(["cli", "drivers"], "The command is made of this, not this of the command."),
    noRoomsBut(["base", "wire", "v1", "v2"]),
    onlyEffect,
  ),
  // The command is a Node program, bundled with its part of @effect/platform-node.
  wall("src/{cli.ts,cli/**}", noBarrels),
];

// -----------------------------------------------------------------------------
// The rest
// -----------------------------------------------------------------------------

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  options: { denyWarnings: true, reportUnusedDisableDirectives: "error" },
  ignorePatterns: ["dist"],
  rules: {
    // Every Effect data type is told apart by its `_tag`.
    "eslint/no-underscore-dangle": "off",
    // The name that a destructured field has is its name.
    "eslint/no-shadow": "off",
    // A helper may stand beside its only use.
    "unicorn/consistent-function-scoping": "off",
    // The type checker knows better, CommonJS packages above all.
    "import/default": "off",
    "import/namespace": "off",
    "import/no-named-as-default": "off",
    "import/no-named-as-default-member": "off",
    // `export {}` and `import "x"` are only written on purpose.
    "import/no-unassigned-import": "off",
    // Types count: two modules that name each other's are one.
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    "typescript/no-explicit-any": "error",
    "typescript/consistent-type-imports": "error",
    // `it.effect` and friends are tests too, and a test may assert in a helper.
    "vitest/expect-expect": "off",
    "vitest/no-standalone-expect": "off",
    "vitest/valid-title": "off",
  },
  overrides: walls,
});

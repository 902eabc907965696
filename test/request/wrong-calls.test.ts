/** What the compiler says of a wrong call: in words that lead to the mistake. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";

const root = resolve(import.meta.dirname, "../..");

interface Wrong {
  readonly name: string;
  readonly code: string;
  /** What the message must say. */
  readonly says: ReadonlyArray<string>;
}

const wrong: ReadonlyArray<Wrong> = [
  {
    name: "a misspelt field",
    code: `Experiments.create({ slug: "a", folderID: "f" });`,
    says: [
      "'folderID' does not exist in type 'ExperimentInput'",
      "Did you mean to write 'folderId'?",
    ],
  },
  {
    name: "a field as it is on the wire",
    code: `Experiments.create({ slug: "a", folder_id: "f" });`,
    says: [
      "'folder_id' does not exist in type 'ExperimentInput'",
      "Did you mean to write 'folderId'?",
    ],
  },
  {
    name: "a missing slug",
    code: `Experiments.create({ description: "d" });`,
    says: [
      "'slug' is missing in type '{ description: string; }' but required in type 'ExperimentInput'",
    ],
  },
  {
    name: "a number for an id",
    code: `Experiments.get(42);`,
    says: ["Argument of type 'number' is not assignable to parameter of type 'string'"],
  },
  {
    name: "null for a field that may be left out",
    code: `Experiments.create({ slug: "a", description: null });`,
    says: ["Type 'null' is not assignable to type 'string | undefined'"],
  },
  {
    name: "a Date in metadata",
    code: `Experiments.create({ slug: "a", metadata: { at: new Date() } });`,
    says: ["Type 'Date' is not assignable to type 'Json'"],
  },
  {
    name: "a Date as a timestamp",
    code: `Metrics.ingest("e", [{ clientEventId: "1", name: "loss", value: 1, timestamp: new Date() }]);`,
    says: ["Type 'Date'", "type 'Utc'"],
  },
  {
    name: "a metric without its id",
    code: `Metrics.ingest("e", [{ name: "loss", value: 1 }]);`,
    says: [
      "'clientEventId' is missing in type '{ name: string; value: number; }' but required in type 'MetricInput'",
    ],
  },
  {
    name: "one metric, not in an array",
    code: `Metrics.ingest("e", { clientEventId: "1", name: "loss", value: 1 });`,
    says: ["'clientEventId' does not exist in type 'readonly MetricInput[]'"],
  },
  {
    name: "a status that one cannot set",
    code: `Experiments.updateStatus("e", "created");`,
    says: [`'"created"' is not assignable to parameter of type '"done" | "error" | "running"'`],
  },
  {
    name: "where to move is left out",
    code: `Folders.move("f");`,
    says: ["Expected 2 arguments, but got 1"],
  },
  {
    name: "a call that does not exist",
    code: `Experiments.delete("e");`,
    says: ["Property 'delete' does not exist on type"],
  },
  {
    name: "a field of the answer that does not exist",
    code: `Effect.map(Experiments.get("e"), ({ experiment }) => experiment.error_name);`,
    says: [
      "Property 'error_name' does not exist on type 'Experiment'",
      "Did you mean 'errorName'?",
    ],
  },
  {
    name: "the answer taken for what it holds",
    code: `Effect.map(Experiments.get("e"), (experiment) => experiment.slug);`,
    says: ["Property 'slug' does not exist on type '{ readonly experiment: Experiment; }'"],
  },
  {
    name: "run without a layer",
    code: `Effect.runPromise(Experiments.get("e"));`,
    says: ["'ConfigService | HttpClient' is not assignable to type 'never'"],
  },
  {
    name: "ingest run without a layer",
    code: `Effect.runPromise(Metrics.ingest("e", []));`,
    says: ["'ConfigService | HttpClient | IngestionKeyCache' is not assignable to type 'never'"],
  },
  {
    name: "run without an HttpClient",
    code: `Effect.runPromise(Effect.provide(Metrics.ingest("e", []), SyvainMetrics.layer({ apiKey: "k" })));`,
    says: ["'HttpClient' is not assignable to type 'never'"],
  },
  {
    name: "layerAuto without files",
    code: `Effect.runPromise(Effect.provide(Auth.status, SyvainMetrics.layerAuto()).pipe(Effect.provide(FetchHttpClient.layer)));`,
    says: ["'FileSystem | Path' is not assignable to type 'never'"],
  },
  {
    name: "no key",
    code: `SyvainMetrics.layer({ host: "https://h.example" });`,
    says: ["'apiKey' is missing in type '{ host: string; }' but required in type 'KeyOptions'"],
  },
  {
    name: "a key for the saved login",
    code: `ConfigService.layerLocal({ apiKey: "k" });`,
    says: ["'apiKey' does not exist in type 'LocalOptions'"],
  },
  {
    name: "a word that is no duration",
    code: `ConfigService.layer({ apiKey: "k", timeout: "soon" });`,
    says: [`Type '"soon"' is not assignable to type 'Input | undefined'`],
  },
  {
    name: "a tag that no failure has",
    code: `Auth.status.pipe(Effect.catchTag("MetricsApiRequestErorr", () => Effect.void));`,
    says: ['"MetricsApiRequestErorr"', '"MetricsApiRequestError"'],
  },
  {
    name: "a reason that no failure has",
    code: `Auth.status.pipe(Effect.catchReason("MetricsApiRequestError", "RateLimit", () => Effect.void));`,
    says: ['"RateLimit"', '"RateLimited"'],
  },
];

const imports = [
  `import * as Effect from "effect/Effect";`,
  `import * as FetchHttpClient from "effect/http/FetchHttpClient";`,
  `import { Auth, ConfigService, Experiments, Folders, Metrics, SyvainMetrics } from "syvain-metrics-effect";`,
];

/** Everything said of each program. The line numbers of a program's own code follow its imports. */
const messages = new Map<string, string>();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wrong-calls-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  const tsconfig = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noUnusedLocals: false,
      typeRoots: [join(root, "node_modules/@types")],
      paths: { "syvain-metrics-effect": [join(root, "src/index.ts")] },
    },
    include: ["*.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  for (const [i, { code }] of wrong.entries()) {
    writeFileSync(join(folder, `wrong-${i}.ts`), [...imports, code, ""].join("\n"));
  }
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [tsc, "-p", folder, "--pretty", "false", "--noErrorTruncation"],
    { cwd: folder, encoding: "utf8" },
  );
  assert.strictEqual(stderr, "");
  let current = "";
  for (const line of stdout.split("\n")) {
    // The first line of a message names its place, the lines after it are indented.
    current = /^([\w./-]+)\(\d+,\d+\): error/.exec(line)?.[1] ?? current;
    messages.set(current, `${messages.get(current) ?? ""}${line}\n`);
  }
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true }));

describe("the compiler's words for", () => {
  it.each(wrong.map((each, i) => [each.name, i, each] as const))("%s", (_name, i, { says }) => {
    const message = messages.get(`wrong-${i}.ts`) ?? "";
    for (const words of says) assert.include(message, words);
    // One mistake, one message, and short enough to be read.
    assert.lengthOf(message.match(/: error /g) ?? [], 1, message);
    assert.isBelow(message.length, 1200, message);
  });

  it("nothing else: the programs are right but for their mistake", () => {
    const files = wrong.map((_, i) => `wrong-${i}.ts`);
    assert.isEmpty([...messages.keys()].filter((file) => !files.includes(file) && file !== ""));
  });
});

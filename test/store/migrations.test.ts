/** A start that is killed while it makes the tables, at any step of it: the next one makes them. */
import { assert, describe, it, onTestFinished } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Store } from "../../src/server/store.ts";
import { isMissing, postgresServer } from "../support/postgresServer.ts";
import { runProgram } from "../support/serving.ts";
import { layerAt } from "../support/stores.ts";

const job = fileURLToPath(new URL("../support/migration-job.ts", import.meta.url));

/** Opens the store there, and is killed when its database is told something for the n-th time. */
const open = (where: string, n: number) => runProgram(process.execPath, job, where, `${n}`).exit;

/** What is written there can be read, under all rules that the tables have. */
const use = (where: string) =>
  Effect.gen(function* () {
    const store = yield* Store;
    yield* store.transaction(store.putFolder({ id: "1", name: "a", parentId: null }));
    const twin = store.transaction(store.putFolder({ id: "2", name: "a", parentId: null }));
    assert.strictEqual((yield* Effect.flip(twin))._tag, "StoreError");
    assert.strictEqual((yield* store.folders).size, 1);
    assert.strictEqual(yield* store.experimentToken("none"), undefined);
  }).pipe(Effect.provide(layerAt(where)), Effect.runPromise);

/** Of all steps each `every`-th, from another first one each time: each costs a process. */
const killAtSteps = async (every: number, newPlace: () => Promise<string>) => {
  const whole = await newPlace();
  const told = Number((await open(whole, 0)).stdout);
  await use(whole);
  assert.isAbove(told, 20);
  const first = 1 + Math.floor(Math.random() * every);
  for (let step = first; step <= told; step += every) {
    const place = await newPlace();
    assert.strictEqual((await open(place, step)).signal, "SIGKILL", `step ${step}`);
    await use(place);
  }
};

/** 1 for each step. */
const every = Number(process.env["EVERY"] ?? 4);

describe("a start that is killed while it makes the tables", () => {
  it("in a directory, leaves what the next one makes whole", { timeout: 180_000 }, () =>
    killAtSteps(every, async () => {
      const directory = mkdtempSync(join(tmpdir(), "migrations-"));
      onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
      return join(directory, "data");
    }),
  );

  it.skipIf(isMissing)(
    "in Postgres, leaves what the next one makes whole",
    { timeout: 180_000 },
    async () => killAtSteps(every, (await postgresServer()).newDatabase),
  );
});

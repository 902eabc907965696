import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32c, Damaged, readRecords } from "../../src/cli/tensorboard/records.ts";
import { scalarsOf } from "../../src/cli/tensorboard/scalars.ts";
import * as Experiments from "../../src/v2/Experiments.ts";
import * as Series from "../../src/v2/Series.ts";
import { type Served, served } from "../support/command.ts";

// Written by `test/conformance/command_tensorboardx.py write`.
const written = fileURLToPath(new URL("../fixtures/tensorboard", import.meta.url));

let me: Served;
beforeAll(async () => {
  me = await served();
});
afterAll(() => me.end());

const stored = (slug: string) =>
  me.do(
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.find(slug);
      const series = yield* Series.read(experiment.experimentId);
      return series.map(({ name, steps, values }) => ({ name, steps, values: [...values] }));
    }),
  );

const losses = [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5].map(Math.fround);

/** A copy of the files, and the one in it. */
const copied = (name: string) => {
  const folder = me.file(name);
  cpSync(`${written}/train`, `${folder}/run`, { recursive: true });
  const [file] = readdirSync(`${folder}/run`);
  return { folder, file: `${folder}/run/${file}` };
};

describe("syvain-metrics-effect import", () => {
  it("makes a run of each directory, of scalars in both encodings, and stores nothing twice", async () => {
    const { code, stdout, stderr } = await me.run("import", written, "--prefix", "tb/");
    assert.strictEqual(
      stdout,
      "tb/eval/tensors: 7 points\ntb/train: 5 points\n12 points are in 2 runs.\n",
    );
    assert.strictEqual(
      stderr,
      "1 value left out: not finite, at a step below 0, or of a name that is not ASCII.\n",
    );
    assert.strictEqual(code, 0);
    const again = await me.run("import", written, "--prefix", "tb/", "--json");
    assert.deepInclude(JSON.parse(again.stdout), { leftOut: 1, damaged: [] });
    assert.deepStrictEqual(await stored("tb/train"), [
      { name: "loss", steps: [0, 1, 2, 3, 4], values: losses },
    ]);
    assert.deepStrictEqual(await stored("tb/eval/tensors"), [
      {
        name: "acc",
        steps: [0, 1, 2, 3, 4, 5, 6],
        values: [0.5, 0.5, 0.5, 0.5, -3, 2 ** 40, 7],
      },
    ]);
  });

  it("takes what is there of a file that is being written, and the rest later", async () => {
    const { folder, file } = copied("live");
    const whole = readFileSync(file);
    // The third of the scalars is not whole yet.
    writeFileSync(file, whole.subarray(0, 24 + 16 + 3 * 44 - 5));
    const first = await me.run("import", folder, "--prefix", "live-");
    assert.strictEqual(first.code, 0);
    const { length } = (await stored("live-run"))[0]!.steps;
    assert.isAtLeast(length, 1);
    assert.isBelow(length, 5);
    writeFileSync(file, whole);
    await me.run("import", folder, "--prefix", "live-");
    assert.deepStrictEqual((await stored("live-run"))[0]!.values, losses);
  });

  it("names the file that is damaged, and stores what is before and what is beside that", async () => {
    const { folder, file } = copied("damaged");
    cpSync(`${written}/eval`, `${folder}/eval`, { recursive: true });
    const bytes = readFileSync(file);
    const at = bytes.indexOf("loss", bytes.indexOf("loss") + 4);
    bytes[at] = 0x4c;
    writeFileSync(file, bytes);
    const { code, stdout, stderr } = await me.run("import", folder, "--prefix", "damaged-");
    assert.match(
      stderr,
      /run\/events\.out\.tfevents\.1700000000\.host: the record at byte \d+ is damaged\.\n$/,
    );
    assert.include(stdout, "damaged-eval/tensors: 7 points\ndamaged-run: 1 point\n");
    assert.strictEqual(code, 1);
  });

  it("says that there is nothing to import", async () => {
    mkdirSync(me.file("nothing"));
    const { code, stderr } = await me.run("import", me.file("nothing"));
    assert.match(stderr, /^There is no event file of TensorBoard in .*nothing\.\n$/);
    assert.strictEqual(code, 1);
  });
});

describe("event files", () => {
  it("have the checksum of RFC 3720", () => {
    assert.strictEqual(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.strictEqual(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  });

  const bytes = readFileSync(`${written}/train/events.out.tfevents.1700000000.host`);
  const recordsOf = async (chunks: ReadonlyArray<Uint8Array>) => {
    const records: Array<Uint8Array> = [];
    async function* input() {
      yield* chunks;
    }
    for await (const record of readRecords(input())) records.push(Uint8Array.from(record));
    return records;
  };
  const inPieces = (size: number, all: Uint8Array = bytes) =>
    Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
      all.subarray(i * size, (i + 1) * size),
    );

  it("are read the same in whatever pieces they come", async () => {
    const whole = await recordsOf([bytes]);
    assert.isAbove(whole.length, 7);
    for (const size of [1, 2, 11, 13, 100]) {
      assert.deepStrictEqual(await recordsOf(inPieces(size)), whole);
    }
  });

  it("may end anywhere, and are damaged by any byte", async () => {
    const whole = await recordsOf([bytes]);
    for (let length = 0; length < bytes.length; length++) {
      const records = await recordsOf([bytes.subarray(0, length)]);
      assert.deepStrictEqual(records, whole.slice(0, records.length));
      const bad = Uint8Array.from(bytes);
      bad[length]! ^= 0x10;
      const error = await recordsOf([bad]).catch((error: unknown) => error);
      assert.instanceOf(error, Damaged);
    }
  });

  it("with events that are none have no scalars, and none is invented", async () => {
    const records = await recordsOf([bytes]);
    const scalars = records.flatMap(scalarsOf);
    assert.deepStrictEqual(
      scalars.map(({ tag, step, timestampMs }) => [tag, step, timestampMs]),
      [
        ...[0n, 1n, 2n, 3n, 4n].map((step) => [
          "loss",
          step,
          1_700_000_000_250 + Number(step) * 1000,
        ]),
        ["nothing", 0n, 1_700_000_000_250],
      ],
    );
    for (const record of records) {
      for (let at = 0; at < record.length; at++) {
        const bad = Uint8Array.from(record);
        bad[at] = 0xff;
        assert.isArray(scalarsOf(bad));
        assert.isArray(scalarsOf(record.subarray(0, at)));
      }
    }
  });
});

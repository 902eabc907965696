import { assert, describe, it } from "@effect/vitest";
import * as ClientEventId from "../../src/ClientEventId.ts";
import { hash128 } from "../../src/internal/base/hash128.ts";

const base = { run: "iris", name: "loss", step: 1 };
const { make } = ClientEventId;

describe("the id of an event", () => {
  // Stored ids must stay what they are: nothing here may ever change.
  const frozen: ReadonlyArray<readonly [ClientEventId.Input, string]> = [
    [base, "913052d9-8868-8c8e-b409-5e90fa88550d"],
    [{ ...base, step: 2, metadata: { split: "val" } }, "35843bec-996c-8fcb-be70-f122e5c943dd"],
    [
      { run: "é\u{1f511}", name: '"\\', step: 9007199254740991 },
      "2490ab0e-fa0d-8de4-9e40-69410e21fdbd",
    ],
    [
      { ...base, metadata: { b: [1, { d: null, c: true }], a: -0.5, __proto__x: "" } },
      "72e72f0c-6650-8b11-a3a2-5af8ef3012a0",
    ],
    [{ ...base, metadata: { long: "x".repeat(5000) } }, "8b094485-633b-8589-ba85-f717730571be"],
  ];
  it.each(frozen)("of %j is for ever %s", (input, id) => assert.strictEqual(make(input), id));

  it("does not depend on what was made before", () => {
    make({ ...base, run: "x".repeat(500) });
    assert.strictEqual(make(base), frozen[0]![1]);
  });

  it("is a UUID of version 8", () => {
    for (let step = 0; step < 1000; step++) {
      assert.match(
        make({ ...base, step }),
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }
  });

  it("does not depend on the order of fields, at any level", () => {
    assert.strictEqual(
      make({ ...base, metadata: { a: { x: 1, y: [{ p: 1, q: 2 }] }, b: 2 } }),
      make({ ...base, metadata: { b: 2, a: { y: [{ q: 2, p: 1 }], x: 1 } } }),
    );
  });

  it("does not depend on fields that JSON leaves out, nor on empty metadata", () => {
    const left = { a: 1, b: undefined as never };
    assert.strictEqual(make({ ...base, metadata: left }), make({ ...base, metadata: { a: 1 } }));
    assert.strictEqual(make({ ...base, metadata: {} }), make(base));
    assert.strictEqual(make({ ...base, metadata: undefined }), make(base));
    assert.strictEqual(
      make({ ...base, metadata: { a: -0 } }),
      make({ ...base, metadata: { a: 0 } }),
    );
  });

  it("is another for every other event", () => {
    const inputs: Array<ClientEventId.Input> = [
      { run: "a", name: "b,c", step: 1 },
      { run: "a,b", name: "c", step: 1 },
      { run: 'a","b', name: "c", step: 1 },
      { run: "a", name: 'b","c', step: 1 },
      { run: "a", name: "b", step: 1 },
      { run: "a", name: "b", step: 11 },
      { run: "b", name: "a", step: 1 },
      { run: "\ud800", name: "b", step: 1 },
      { run: "\ufffd", name: "b", step: 1 },
      ...[
        { x: 1 },
        { x: "1" },
        { x: [1] },
        { x: null },
        { x: {} },
        { x: [] },
        { x: [[], {}] },
        { x: [{}, []] },
        { x: [1, 2] },
        { x: [2, 1] },
        { x: { y: 1 } },
        { x: 1, y: 1 },
        { "x,y": 1 },
        { 'x":1,"y': 1 },
        JSON.parse('{"__proto__":1}'),
        { constructor: 1 },
      ].map((metadata) => ({ run: "a", name: "b", step: 1, metadata })),
      ...Array.from({ length: 20_000 }, (_, step) => ({ run: "grid", name: "loss", step })),
      ...Array.from({ length: 20_000 }, (_, n) => ({
        run: "grid",
        name: "loss",
        step: 1,
        metadata: { n },
      })),
    ];
    assert.strictEqual(new Set(inputs.map(make)).size, inputs.length);
  });
});

describe("the hash is MurmurHash3 (x86, 128 bits), by the vectors others publish", () => {
  const hashed = (text: string) => {
    const bytes = new Uint8Array(128);
    const { written } = new TextEncoder().encodeInto(text, bytes);
    return hash128(new DataView(bytes.buffer), written)
      .map((word) => (word >>> 0).toString(16).padStart(8, "0"))
      .join("");
  };
  it.each([
    ["", "00000000000000000000000000000000"],
    ["I will not buy this record, it is scratched.", "a0a9683b25ac5e40d9af2895890dddf5"],
    ["The quick brown fox jumps over the lazy dog", "2f1583c3ecee2c675d7bf66ce5e91d2c"],
  ])("%j", (text, hash) => assert.strictEqual(hashed(text), hash));
});

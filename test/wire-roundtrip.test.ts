/** What the schemas of the contract promise, of any value. */
import { assert, describe, it } from "@effect/vitest";
import * as Arbitrary from "effect/Arbitrary";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as contract from "../src/internal/contract/index.ts";
import type { Operation } from "../src/internal/contract/operation.ts";
import { Metadata, Timestamp } from "../src/internal/contract/schema.ts";

type Part = "query" | "payload" | "success";
type Plain = NonNullable<Operation[Part]>;
type WireObject = { [key: string]: unknown };
type WirePath = ReadonlyArray<string | number>;

const operations: ReadonlyArray<Operation> = Object.values(contract);
/** The schemas in these places, by the name of the first operation that has them. */
const schemas = (...parts: ReadonlyArray<Part>): ReadonlyMap<Plain, string> => {
  const found = new Map<Plain, string>();
  for (const operation of operations) {
    for (const part of parts) {
      const schema = operation[part];
      if (schema !== undefined && !found.has(schema))
        found.set(schema, `${operation.name} ${part}`);
    }
  }
  return found;
};

/**
 * The property holds of values of every size. Not `it.prop`, which starts with the smallest JSON, and that is never an object;
 * of the larger, too, much is thrown away, as are dates beyond the year 9999.
 */
const holds = <S extends Plain>(name: string, schema: S, property: (value: S["Type"]) => void) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      const check = (value: S["Type"]) =>
        Effect.try({ try: () => (property(value), true), catch: String });
      for (let run = 0; run < 36; run++) {
        const size = 4 + (run % 12);
        const failure = Arbitrary.formatCheckFailure(
          yield* Arbitrary.checkEffect(Arbitrary.schema(schema), check, {
            runs: 1,
            size,
            maxDiscards: 10_000,
          }),
        );
        if (failure !== undefined) assert.fail(failure);
      }
    }),
  );

/**
 * Where it has met the name `\\` before, V8 reads other names that are escaped as that one (nodejs/node#63785). What it writes is right: by that it
 * shows, and then the wire is what was written.
 */
const overTheWire = (schema: Plain, value: unknown): WireObject => {
  const encoded = Schema.encodeUnknownSync(schema)(value);
  const text = JSON.stringify(encoded);
  const read = JSON.parse(text);
  return JSON.stringify(read) === text ? read : (structuredClone(encoded) as WireObject);
};

/** JSON has no `-0`. */
const withoutMinusZero = (value: unknown): unknown => {
  if (typeof value === "number") return value + 0;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  if (!Predicate.isObject(value) || DateTime.isDateTime(value) || Redacted.isRedacted(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value)
      // Left out and `undefined` are the same input.
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => [key, withoutMinusZero(field)]),
  );
};

/** Fields whose value is the user's own JSON. */
const isFree = (key: string | number) => key === "metadata" || key === "metadata_value";

/** Every object of the contract in a value, with the path there; not those inside the user's JSON. */
const objectsIn = (value: unknown, path: WirePath = []): Array<readonly [WirePath, WireObject]> => {
  if (Array.isArray(value)) return value.flatMap((item, i) => objectsIn(item, [...path, i]));
  if (!Predicate.isObject(value)) return [];
  const object = value as WireObject;
  const isCatalogValue = "count" in object && "value" in object;
  return [
    [path, object],
    ...Object.entries(object).flatMap(([key, field]) =>
      isFree(key) || (isCatalogValue && key === "value") ? [] : objectsIn(field, [...path, key]),
    ),
  ];
};

describe("every schema", () => {
  for (const [schema, name] of schemas("query", "payload", "success")) {
    holds(`${name} survives the wire`, schema, (value) => {
      const decoded = Schema.decodeUnknownSync(schema)(overTheWire(schema, value));
      assert.deepStrictEqual(withoutMinusZero(decoded), withoutMinusZero(value));
    });

    holds(`${name} is snake_case on the wire`, schema, (value) => {
      for (const [, object] of objectsIn(overTheWire(schema, value))) {
        for (const key of Object.keys(object)) assert.match(key, /^[a-z]+(_[a-z]+)*$/);
      }
    });
  }
});

/** The wire value with one change, at the object the path leads to. */
const changed = (wire: WireObject, path: WirePath, change: (object: WireObject) => void) => {
  const copy: WireObject = structuredClone(wire);
  change(path.reduce<unknown>((at, key) => (at as WireObject)[key], copy) as WireObject);
  return copy;
};

describe("every answer", () => {
  for (const [schema, name] of schemas("success")) {
    const decode = Schema.decodeUnknownResult(schema);

    holds(`of ${name} may have fields that the contract does not know`, schema, (value) => {
      const wire = overTheWire(schema, value);
      const expected = Result.getOrThrow(decode(wire));
      for (const [path] of objectsIn(wire)) {
        const more = changed(wire, path, (object) =>
          Object.assign(object, { new_field: { a: [1] }, constructor: 1, toString: null }),
        );
        assert.deepStrictEqual(Result.getOrThrow(decode(more)), expected);
      }
    });

    holds(`of ${name} has every field, of its type`, schema, (value) => {
      const wire = overTheWire(schema, value);
      for (const [path, object] of objectsIn(wire)) {
        for (const [key, field] of Object.entries(object)) {
          const place = [...path, key].join(".");
          const without = changed(wire, path, (at) => void delete at[key]);
          // The one field that may be left out: `{}` when the event has no metadata.
          const hasDefault = key === "metadata" && !("id" in object);
          assert.strictEqual(Result.isSuccess(decode(without)), hasDefault, `no ${place}`);
          // Any JSON is a catalog value.
          if (key === "value" && "count" in object) continue;
          const wrong = Predicate.isObject(field) || Array.isArray(field) ? 7 : { wrong: [true] };
          const illTyped = changed(wire, path, (at) => void (at[key] = wrong));
          assert.isTrue(Result.isFailure(decode(illTyped)), `ill-typed ${place}`);
        }
      }
    });
  }
});

describe("user metadata", () => {
  const table: ReadonlyArray<readonly [name: string, json: string]> = [
    [
      "camelCase and snake_case keys",
      '{"camelCase":{"snake_case":{"kebab-case":1}},"ID":2,"aB_cD":3}',
    ],
    ["names of the contract", '{"experiment_id":1,"experimentId":2,"metadata":{"folder_id":3}}'],
    [
      "names of Object.prototype",
      '{"__proto__":{"a":1},"constructor":{"prototype":2},"toString":3,"hasOwnProperty":4}',
    ],
    ["unicode", '{"ключ":"значение","déjà vu":"\\u0000\\ud83d\\ude00","\\u2028":"\\ud800","":" "}'],
    ["numbers as keys, in order", '{"1":"a","10":"b","b":1,"a":2}'],
    ["every type", '{"a":[null,true,false,0,-1.5,1e-300,"",[],{}],"b":null}'],
    ["50 levels", '{"a":'.repeat(50) + "1" + "}".repeat(50)],
  ];
  const now = "2024-01-01T00:00:00.000Z";

  it.each(table)("%s: the same in a request and in an answer", (_name, json) => {
    const request = Schema.encodeUnknownSync(contract.createExperiment.payload)({
      slug: "s",
      metadata: JSON.parse(json),
    });
    assert.strictEqual(
      JSON.stringify(request),
      `{"slug":"s","metadata":${JSON.stringify(JSON.parse(json))}}`,
    );
    const answer = `{"experiment":{"id":"i","slug":"s","description":null,"status":"done","folder_id":null,"metadata":${json},"created_at":"${now}","updated_at":"${now}"}}`;
    const { experiment } = Schema.decodeUnknownSync(contract.getExperiment.success)(
      JSON.parse(answer),
    );
    assert.strictEqual(JSON.stringify(experiment.metadata), JSON.stringify(JSON.parse(json)));
    assert.strictEqual(Object.getPrototypeOf(experiment.metadata), Object.prototype);
  });

  const notJson: ReadonlyArray<readonly [string, unknown]> = [
    ["NaN", { a: Number.NaN }],
    ["Infinity, deep down", { a: [{ b: Number.POSITIVE_INFINITY }] }],
    ["undefined", { a: undefined }],
    ["a hole in an array", { a: Array(1) }],
    ["a function", { a: () => 1 }],
    ["a bigint", { a: 1n }],
    ["a symbol", { a: Symbol("a") }],
    ["a Date", { a: new Date(0) }],
    ["a Map", { a: new Map() }],
    ["a Map as a whole", new Map()],
    ["toJSON", { a: { toJSON: () => 1 } }],
    ["an array", []],
    ["a string", "a"],
    ["null", null],
  ];
  it.each(notJson)("%s is refused, and not dropped without a word", (_name, metadata) => {
    assert.isTrue(Result.isFailure(Schema.encodeUnknownResult(Metadata)(metadata)));
  });
});

describe("an optional input", () => {
  const id = "i";
  const table: ReadonlyArray<
    readonly [Operation, Part, required: object, optional: string, nullable?: string]
  > = [
    [contract.listFolders, "query", {}, "parentId cursor limit"],
    [contract.createFolder, "payload", { name: "n" }, "parentId"],
    [contract.patchFolder, "payload", {}, "name", "parentId"],
    [contract.listExperiments, "query", {}, "folderId status slug cursor limit"],
    [contract.createExperiment, "payload", { slug: "s" }, "description metadata folderId"],
    [contract.patchExperiment, "payload", {}, "status", "folderId"],
    [contract.listMetrics, "query", {}, "name cursor limit"],
    [contract.ingestMetrics, "query", {}, "sync"],
    [contract.compareMetrics, "payload", { series: [] }, "limit"],
    [contract.listMetricCatalog, "query", {}, "experimentIds cursor limit"],
    [
      contract.inspectMetricCatalogValues,
      "query",
      { metricName: "m", metadataKey: "k" },
      "experimentIds cursor limit",
    ],
    [contract.listIngestionKeys, "query", {}, "cursor limit"],
    [contract.listAnnotations, "query", {}, "cursor limit"],
    [contract.createAnnotation, "payload", { text: "t" }, "step timestamp metadata clientEventId"],
  ];
  const fieldsOf = (names = "") => names.split(" ").filter(Boolean);

  for (const [operation, part, required, optional, nullable] of table) {
    const encode = Schema.encodeUnknownResult(operation[part]!);

    it(`of ${operation.name} is left out on the wire when it is undefined`, () => {
      const names = [...fieldsOf(optional), ...fieldsOf(nullable)];
      const input = Object.fromEntries(names.map((name) => [name, undefined]));
      const wire = Result.getOrThrow(encode({ ...required, ...input }));
      assert.deepStrictEqual(wire, Result.getOrThrow(encode(required)));
      assert.lengthOf(Object.keys(wire as object), Object.keys(required).length);
    });

    it(`of ${operation.name} is not null`, () => {
      for (const name of fieldsOf(optional)) {
        assert.isTrue(Result.isFailure(encode({ ...required, [name]: null })), name);
      }
      for (const name of fieldsOf(nullable)) {
        const wire = JSON.stringify(Result.getOrThrow(encode({ ...required, [name]: null })));
        assert.match(wire, /^\{"\w+_id":null\}$/);
      }
    });
  }

  const ingested = contract.ingestMetrics.payload;
  const event = { clientEventId: id, name: "n", value: 1 };
  it.each(["step", "timestamp", "metadata"])("%s of a metric: left out, and not null", (name) => {
    const wire = Schema.encodeUnknownSync(ingested)({ metrics: [{ ...event, [name]: undefined }] });
    assert.deepStrictEqual(wire, { metrics: [{ client_event_id: id, name: "n", value: 1 }] });
    const withNull = { metrics: [{ ...event, [name]: null }] };
    assert.isTrue(Result.isFailure(Schema.encodeUnknownResult(ingested)(withNull)));
  });

  const bad: ReadonlyArray<readonly [field: string, ReadonlyArray<unknown>]> = [
    ["value", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, "1", null]],
    ["step", [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 2 ** 53, "1"]],
    ["clientEventId", ["", 1]],
    ["name", ["", 1]],
  ];
  it.each(bad)("%s of a metric refuses %j", (field, values) => {
    for (const value of values) {
      const result = Schema.encodeUnknownResult(ingested)({
        metrics: [{ ...event, [field]: value }],
      });
      assert.isTrue(Result.isFailure(result), String(value));
    }
  });
});

describe("a timestamp", () => {
  const decode = Schema.decodeUnknownResult(Timestamp);
  const encode = Schema.encodeUnknownResult(Timestamp);

  it.each([
    ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z"],
    ["2024-02-29t12:00:00z", "2024-02-29T12:00:00.000Z"],
    ["2024-02-29T12:00:00.5Z", "2024-02-29T12:00:00.500Z"],
    ["2024-02-29T12:00:00.123456789Z", "2024-02-29T12:00:00.123Z"],
    ["2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00.000Z"],
    ["2024-02-29T12:00:00-05:30", "2024-02-29T17:30:00.000Z"],
    ["2024-02-29T12:00:00-00:00", "2024-02-29T12:00:00.000Z"],
    ["0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("%s is %s", (wire, instant) => {
    const time = Result.getOrThrow(decode(wire));
    assert.isTrue(DateTime.isUtc(time));
    assert.strictEqual(Result.getOrThrow(encode(time)), instant);
  });

  it.each([
    "2024-02-29T12:00:00", // no offset: it could be any of 26 hours
    "2024-02-29",
    "2024-02-29 12:00:00Z",
    "2024-02-29T12:00Z",
    "20240229T120000Z",
    "2024-13-01T00:00:00Z",
    "2024-02-32T00:00:00Z",
    "2024-02-29T25:00:00Z",
    "2024-02-29T12:00:00+99:00",
    "-000001-01-01T00:00:00Z",
    "+010000-01-01T00:00:00Z",
    "0000-01-01T00:00:00+01:00", // in the year -1
    "9999-12-31T23:59:59-01:00", // in the year 10000
    "yesterday",
    "",
    1_709_208_000_000,
    null,
  ])("%s is refused", (wire) => {
    assert.isTrue(Result.isFailure(decode(wire)));
  });

  it.each([-62_167_219_200_001, 253_402_300_800_000])(
    "%d ms is outside the years 0 to 9999",
    (ms) => {
      assert.isTrue(Result.isFailure(encode(DateTime.makeUnsafe(ms))));
    },
  );
});

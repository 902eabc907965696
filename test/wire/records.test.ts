/** What the contract makes of the service's records, with every field and with those missing that may be. */
import { assert, describe, it } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { Metadata } from "../../src/internal/wire/schema.ts";
import { Annotation } from "../../src/internal/wire/v1/annotations.ts";
import { AuthStatus } from "../../src/internal/wire/v1/auth.ts";
import { Experiment, ExperimentSummary } from "../../src/internal/wire/v1/experiment.ts";
import { Folder } from "../../src/internal/wire/v1/folder.ts";
import * as contract from "../../src/internal/wire/v1/index.ts";
import { IngestionKey } from "../../src/internal/wire/v1/ingestionKeys.ts";
import { MetricInput } from "../../src/internal/wire/v1/metricInput.ts";
import { MetricRow } from "../../src/internal/wire/v1/metricRow.ts";
import { CatalogMetric, CatalogValues } from "../../src/internal/wire/v1/metrics.ts";
import { ExperimentCatalogMetric, SeriesBatch } from "../../src/internal/wire/v1/series.ts";
import * as sample from "../support/sample-data.ts";

type Plain = Schema.Top & { readonly DecodingServices: never; readonly EncodingServices: never };
type Fields = { readonly [name: string]: unknown };

const decode = (schema: Plain) => Schema.decodeUnknownResult(schema);

/** Where a record is not what the schema says, in its own words. */
const complaint = (schema: Plain, wire: unknown): string | undefined => {
  const result = decode(schema)(wire);
  return Result.isFailure(result) ? result.failure.message : undefined;
};

describe("an answer to", () => {
  for (const [key, operation] of Object.entries(contract)) {
    it(`${operation.name} keeps every field`, () => {
      const data = sample.sampleData[key as sample.OperationKey];
      const records = key === "querySeries" && Array.isArray(data) ? data : [data];
      for (const record of records) {
        const value = Schema.decodeUnknownSync(operation.success)(record);
        assert.deepStrictEqual(Schema.encodeUnknownSync(operation.success)(value), record);
      }
    });
  }
});

/** A record, and what stands for each field of it that may be missing or `null`: a value, or nothing at all. */
interface Case {
  readonly name: string;
  readonly schema: Plain;
  readonly wire: Fields;
  readonly missing?: { readonly [name: string]: readonly [ours: string, value?: unknown] };
}

const noTimes = {
  started_at_ms: ["startedAt", null],
  done_at_ms: ["doneAt", null],
  last_heartbeat_at_ms: ["lastHeartbeatAt", null],
  last_event_at_ms: ["lastEventAt", null],
} as const;

const cases: ReadonlyArray<Case> = [
  {
    name: "a folder",
    schema: Folder,
    wire: sample.folder,
    missing: { parent_id_path: ["parentIdPath", []] },
  },
  {
    name: "an experiment",
    schema: Experiment,
    wire: sample.experiment,
    missing: {
      folder: ["folder", null],
      metadata: ["metadata", {}],
      error_name: ["errorName", null],
      error_detail: ["errorDetail", null],
      ...noTimes,
    },
  },
  {
    name: "an experiment in a list of 0.0.62",
    schema: ExperimentSummary,
    wire: sample.experiment,
    missing: {
      folder: ["folder", null],
      description: ["description"],
      metadata: ["metadata"],
      error_name: ["errorName"],
      error_detail: ["errorDetail"],
      started_at_ms: ["startedAt"],
      done_at_ms: ["doneAt"],
      last_heartbeat_at_ms: ["lastHeartbeatAt"],
      last_event_at_ms: ["lastEventAt"],
    },
  },
  {
    name: "an experiment in a list of 0.0.349",
    schema: ExperimentSummary,
    wire: sample.experimentSummary,
    missing: { folder: ["folder", null] },
  },
  {
    name: "a row",
    schema: MetricRow,
    wire: sample.metricRow,
    missing: {
      experiment_description: ["experimentDescription", null],
      experiment_metadata_json: ["experimentMetadata", null],
      step: ["step", null],
    },
  },
  {
    name: "an annotation",
    schema: Annotation,
    wire: sample.annotation,
    missing: { metadata: ["metadata", {}] },
  },
  {
    name: "an annotation just made",
    schema: contract.createAnnotation.success,
    wire: { annotation: sample.annotation, experiment: sample.experiment },
    missing: { experiment: ["experiment"] },
  },
  {
    name: "an ingestion key",
    schema: IngestionKey,
    wire: sample.ingestionKey,
    missing: { revoked_at_ms: ["revokedAt", null], last_used_at_ms: ["lastUsedAt", null] },
  },
  {
    name: "an organization",
    schema: AuthStatus.fields.organization,
    wire: { id: "org-1", name: "Syvain" },
    missing: { name: ["name", null] },
  },
  { name: "a metric of the catalog", schema: CatalogMetric, wire: sample.catalogMetric },
  { name: "values of the catalog", schema: CatalogValues, wire: sample.catalogValues },
  {
    name: "a metric of several experiments",
    schema: ExperimentCatalogMetric,
    wire: { experimentId: "e", metricName: "loss", metadataKeys: [] },
  },
  { name: "a batch of a series", schema: SeriesBatch, wire: sample.seriesBatch },
];

const without = (wire: Fields, name: string): Fields =>
  Object.fromEntries(Object.entries(wire).filter(([key]) => key !== name));

describe.each(cases)("$name", ({ schema, wire, missing = {} }) => {
  const optional = Object.entries(missing);
  const required = Object.keys(wire).filter((name) => missing[name] === undefined);

  it.each(optional)("may lack %s", (field, [name, ...value]) => {
    const record = Result.getOrThrow(decode(schema)(without(wire, field)));
    assert(Predicate.isObject(record));
    assert.deepStrictEqual(
      Object.entries(record).filter(([key]) => key === name),
      value.length === 0 ? [] : [[name, value[0]]],
    );
  });

  it.each(optional.filter(([, [, value]]) => value === null))(
    "may have null as %s",
    (field, [name]) => {
      const record = Result.getOrThrow(decode(schema)({ ...wire, [field]: null }));
      assert(Predicate.isObject(record));
      assert.isNull(record[name as never]);
    },
  );

  it.each(required)("needs %s", (field) => {
    const words = complaint(schema, without(wire, field));
    assert.include(words, field);
    assert.include(words, "Missing key");
  });

  it.each(Object.keys(wire))("has no other type of %s", (field) => {
    const wrong = Predicate.isObject(wire[field]) || Array.isArray(wire[field]) ? 7 : { a: [1] };
    assert.include(complaint(schema, { ...wire, [field]: wrong }), field);
  });

  it("may have fields that we do not know, which are not kept", () => {
    const more = { ...wire, new_field: { a: 1 }, toString: null, constructor: 1 };
    assert.deepStrictEqual(
      Result.getOrThrow(decode(schema)(more)),
      Result.getOrThrow(decode(schema)(wire)),
    );
  });
});

it("a time is whole milliseconds since 1970", () => {
  const { createdAt } = Schema.decodeUnknownSync(Annotation)(sample.annotation);
  assert.isTrue(DateTime.isUtc(createdAt));
  assert.strictEqual(DateTime.formatIso(createdAt), "1970-01-01T00:00:01.000Z");
  for (const wrong of [1.5, "1000", true, 9e15, null]) {
    assert.isDefined(complaint(Annotation, { ...sample.annotation, created_at_ms: wrong }));
  }
});

it.each([
  ["a status", ExperimentSummary, { ...sample.experimentSummary, status: "paused" }],
  [
    "the kind of a key",
    AuthStatus,
    { auth: { kind: "robot" }, organization: { id: "o", name: null } },
  ],
  ["how metrics are taken", contract.ingestMetrics.success, { ok: true, mode: "later" }],
] as const)("%s may be a word that we do not know", (_name, schema: Plain, wire) => {
  const encoded = Schema.encodeUnknownSync(schema)(Result.getOrThrow(decode(schema)(wire)));
  assert.deepInclude(encoded, wire);
});

// -----------------------------------------------------------------------------
// Metadata
// -----------------------------------------------------------------------------

describe("the metadata of rows", () => {
  const rows = (texts: ReadonlyArray<string>) =>
    Result.map(
      Schema.decodeUnknownResult(contract.listMetrics.success)({
        rows: texts.map((text) => ({
          ...sample.metricRow,
          event_metadata_json: text,
          experiment_metadata_json: text,
        })),
      }),
      ({ rows }) => rows,
    );

  it("is one object where equal texts follow one another", () => {
    const [a, b, c, d] = Result.getOrThrow(rows(['{"a":1}', '{"a":1}', '{"b":[{}]}', '{"a":1}']));
    assert.deepStrictEqual(
      [a!.metadata, c!.metadata, d!.metadata],
      [{ a: 1 }, { b: [{}] }, { a: 1 }],
    );
    assert.strictEqual(a!.metadata, b!.metadata);
    assert.strictEqual(a!.experimentMetadata, b!.experimentMetadata);
    assert.notStrictEqual(a!.metadata, d!.metadata);
  });

  it.each(["", "[1]", "null", '"text"', "7", "{", '{"a":NaN}', "not json"])(
    "is no text like %j: a response error that names the row",
    (text) => {
      for (const [texts, row] of [
        [[text], 0],
        [["{}", text], 1],
      ] as const) {
        const result = rows(texts);
        assert(Result.isFailure(result));
        assert.match(
          result.failure.message,
          new RegExp(`JSON text of an object\n.*"rows"\\]\\[${row}\\]\\["\\w+_metadata_json"`),
        );
      }
    },
  );
});

describe("user metadata", () => {
  const table: ReadonlyArray<readonly [name: string, json: string]> = [
    ["names of any style", '{"camelCase":{"snake_case":{"kebab-case":1}},"ID":2,"aB_cD":3}'],
    ["names of the contract", '{"experiment_id":1,"experimentId":2,"metadata":{"folder_id":3}}'],
    ["names of Object.prototype", '{"__proto__":{"a":1},"constructor":{"b":2},"toString":3}'],
    ["any text", '{"ключ":"значение","\\u2028":"\\u0000\\ud83d\\ude00","":" "}'],
    ["numbers as names", '{"1":"a","10":"b","b":1,"a":2}'],
    ["every type", '{"a":[null,true,false,0,-1.5,1e-300,"",[],{}],"b":null}'],
    ["50 levels", '{"a":'.repeat(50) + "1" + "}".repeat(50)],
  ];

  it.each(table)("with %s is the same in a request, an answer and a row", (_name, json) => {
    const metadata: unknown = JSON.parse(json);
    const text = JSON.stringify(metadata);
    const request = Schema.encodeUnknownSync(contract.createExperiment.payload)({
      slug: "s",
      metadata,
    });
    assert.strictEqual(JSON.stringify(request.metadata), text);
    const { experiment } = Schema.decodeUnknownSync(contract.getExperiment.success)({
      experiment: { ...sample.experiment, metadata },
    });
    assert.strictEqual(JSON.stringify(experiment.metadata), text);
    const row = Schema.decodeUnknownSync(MetricRow)({
      ...sample.metricRow,
      event_metadata_json: json,
    });
    assert.strictEqual(JSON.stringify(row.metadata), text);
    assert.strictEqual(Object.getPrototypeOf(row.metadata), Object.prototype);
  });

  it.each([
    ["an array", []],
    ["a text", "a"],
    ["null", null],
    ["a number that is not finite", { a: [{ b: Number.POSITIVE_INFINITY }] }],
    ["undefined", { a: undefined }],
    ["a date", { a: new Date(0) }],
    ["a map", new Map()],
  ] as const)("is not %s", (_name, metadata) => {
    assert.isTrue(Result.isFailure(Schema.encodeUnknownResult(Metadata)(metadata)));
  });
});

// -----------------------------------------------------------------------------
// Inputs
// -----------------------------------------------------------------------------

describe("an event", () => {
  const encode = Schema.encodeUnknownSync(MetricInput);
  const event = { clientEventId: "c", name: "loss", value: 1 };

  it("always says its step, and nothing else that it does not have", () => {
    const wire = { client_event_id: "c", name: "loss", value: 1, step: null };
    for (const left of [
      {},
      { step: null },
      { step: undefined, metadata: undefined, timestamp: undefined },
    ]) {
      assert.deepStrictEqual(encode({ ...event, ...left }), wire);
    }
    const timestamp = DateTime.makeUnsafe(5);
    assert.deepStrictEqual(encode({ ...event, step: 0, metadata: {}, timestamp }), {
      ...wire,
      step: 0,
      metadata: {},
      timestamp_ms: 5,
    });
  });

  it("without an id, as the collector of 0.0.62 sends it, is like no other", () => {
    const decode = () =>
      Schema.decodeUnknownSync(MetricInput)({ name: "loss", value: 1, step: null });
    const [a, b] = [decode(), decode()];
    assert.match(a.clientEventId, /^[0-9a-f-]{36}$/);
    assert.notStrictEqual(a.clientEventId, b.clientEventId);
  });

  it.each([
    ["clientEventId", [undefined, null, 1, ""]],
    ["value", [Number.NaN, Number.POSITIVE_INFINITY, "1", null, undefined, true]],
    ["step", [-1, 0.5, 2 ** 53, Number.NaN, "1", true]],
    ["name", ["", 1, null, undefined]],
    ["metadata", [null, [], "a"]],
    ["timestamp", [null, 0, new Date(0), DateTime.makeUnsafe(-1)]],
  ] as const)("has no other %s", (field, values) => {
    for (const value of values) {
      const result = Schema.encodeUnknownResult(MetricInput)({ ...event, [field]: value });
      assert(Result.isFailure(result), `${field}: ${String(value)}`);
      assert.include(result.failure.message, field);
    }
  });
});

/** The limits of the service, checked before anything is sent: what is at the edge goes, what is beyond does not. */
import { assert, describe, it } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Annotations from "../../src/Annotations.ts";
import * as ConfigService from "../../src/ConfigService.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import { answerTo } from "../support/sample-data.ts";
import type { Call } from "../support/socket-calls.ts";
import { type Asked, layerAnswering } from "../support/answering.ts";

/** Whether a call is sent, or the path in its input that it was refused for. */
const fate = (call: Call["effect"]) =>
  Effect.gen(function* () {
    const asked: Array<Asked> = [];
    const client = layerAnswering(
      ({ request, url }) => new Response(answerTo(request.method, url.pathname)),
      { asked },
    );
    return yield* call.pipe(
      Effect.as("sent"),
      Effect.catch((error) => {
        assert(error.reason._tag === "InvalidRequest", error.message);
        assert.deepStrictEqual(asked, []);
        return Effect.succeed(error.reason.path.join("."));
      }),
      Effect.provide(Layer.merge(client, IngestionKeyCache.layer)),
    );
  });

const event: Metrics.MetricInput = { clientEventId: "c", name: "loss", value: 1 };
const at = (millis: number) => DateTime.makeUnsafe(millis);
const many = <A>(count: number, one: A): ReadonlyArray<A> =>
  Array.from({ length: count }, () => one);

describe("a text of so many UTF-16 units, as the service counts them:", () => {
  const table: ReadonlyArray<
    readonly [
      name: string,
      min: number,
      max: number,
      path: string,
      call: (text: string) => Call["effect"],
    ]
  > = [
    ["the name of a folder", 1, 200, "name", (name) => Folders.create({ name })],
    ["its new name", 1, 200, "name", (name) => Folders.rename("f", name)],
    ["its new name in a patch", 1, 200, "name", (name) => Folders.patch("f", { name })],
    ["a slug", 1, 200, "slug", (slug) => Experiments.create({ slug })],
    [
      "a description",
      0,
      4_000,
      "description",
      (description) => Experiments.create({ slug: "s", description }),
    ],
    [
      "the name of an error",
      0,
      500,
      "error.name",
      (name) => Experiments.updateStatus("e", "error", { error: { name } }),
    ],
    [
      "its detail",
      0,
      8_000,
      "error.detail",
      (detail) => Experiments.updateStatus("e", "error", { error: { detail } }),
    ],
    [
      "the id of an event",
      1,
      200,
      "metrics.0.clientEventId",
      (clientEventId) => Metrics.ingest("e", [{ ...event, clientEventId }]),
    ],
    [
      "the name of a metric",
      1,
      500,
      "metrics.0.name",
      (name) => Metrics.ingest("e", [{ ...event, name }]),
    ],
    [
      "an annotation",
      1,
      16_000,
      "annotation",
      (annotation) => Annotations.create("e", { annotation }),
    ],
    ["the name of a key", 1, 200, "name", (name) => IngestionKeys.create("e", { name })],
  ];

  it.effect.each(table)("%s, %d to %d", ([, min, max, path, call]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* fate(call("x".repeat(min))), "sent");
      assert.strictEqual(yield* fate(call("x".repeat(max))), "sent");
      assert.strictEqual(yield* fate(call("𝔘".repeat(max / 2))), "sent");
      assert.strictEqual(yield* fate(call("x".repeat(max + 1))), path);
      assert.strictEqual(yield* fate(call("𝔘".repeat(max / 2) + "x")), path);
      if (min > 0) assert.strictEqual(yield* fate(call("")), path);
    }),
  );
});

describe("a number, a time, or how many:", () => {
  const week = 7 * 24 * 3_600_000;
  const selection = { experimentId: "e" };
  const table: ReadonlyArray<
    readonly [
      name: string,
      sent: ReadonlyArray<number>,
      refused: ReadonlyArray<number>,
      path: string,
      call: (n: number) => Call["effect"],
    ]
  > = [
    [
      "the life of a key",
      [1, week],
      [0, -1, 0.5, week + 1],
      "ttl",
      (ttl) => IngestionKeys.create("e", { ttl }),
    ],
    [
      "events of one ingest",
      [0, 1, 1000],
      [1001],
      "metrics",
      (n) => Metrics.ingest("e", many(n, event)),
    ],
    [
      "the step of an event",
      [0, 2 ** 53 - 1],
      [-1, 0.5, 2 ** 53],
      "metrics.0.step",
      (step) => Metrics.ingest("e", [{ ...event, step }]),
    ],
    [
      "the time of an event",
      [0, 8.64e15],
      [-1],
      "metrics.0.timestamp",
      (n) => Metrics.ingest("e", [{ ...event, timestamp: at(n) }]),
    ],
    [
      "the time of a status",
      [0, 8.64e15],
      [-1],
      "timestamp",
      (n) => Experiments.updateStatus("e", "done", { timestamp: at(n) }),
    ],
    [
      "the bounds of a list",
      [-1, 0],
      [],
      "from",
      (n) => Experiments.list({ from: at(n), to: at(n) }),
    ],
    [
      "series of a query",
      [1, 64],
      [0, 65],
      "series",
      (n) => Metrics.querySeries(many(n, selection)),
    ],
    [
      "filters of a series",
      [0, 32],
      [33],
      "series.0.metadataFilter",
      (n) => Metrics.querySeries([{ ...selection, metadataFilter: many(n, { key: "k" }) }]),
    ],
    [
      "experiments of a query",
      [1, 64],
      [0, 65],
      "experimentIds",
      (n) => Metrics.queryCatalog(many(n, "e")),
    ],
    [
      "UTF-8 bytes of JSON in the metadata of an annotation",
      [65_536],
      [65_537],
      "metadata",
      (n) =>
        Annotations.create("e", {
          annotation: "a",
          metadata: { é: "é".repeat((n - 9) >> 1) + "x".repeat((n - 9) % 2) },
        }),
    ],
  ];

  it.effect.each(table)("%s: %j, and not %j", ([, sent, refused, path, call]) =>
    Effect.gen(function* () {
      for (const n of sent) assert.strictEqual(yield* fate(call(n)), "sent", String(n));
      for (const n of refused) assert.strictEqual(yield* fate(call(n)), path, String(n));
    }),
  );
});

describe("a series of a comparison", () => {
  const series = { experimentId: "e", metricName: "m" };
  const table: ReadonlyArray<readonly [name: string, Metrics.ComparisonSeries, path: string]> = [
    ["names an experiment", { ...series, experimentId: "" }, "series.0.experimentId"],
    ["names a metric", { ...series, metricName: "" }, "series.0.metricName"],
    ["names a key that is not empty", { ...series, metadataKey: "" }, "series.0.metadataKey"],
    ["has a key beside a value", { ...series, metadataValue: "v" }, "series.0"],
    ["has a key beside a JSON value", { ...series, metadataValueJson: "1" }, "series.0"],
    [
      "has one value",
      { ...series, metadataKey: "k", metadataValue: "v", metadataValueJson: '"v"' },
      "series.0",
    ],
    [
      "has JSON where it says so",
      { ...series, metadataKey: "k", metadataValueJson: "{" },
      "series.0.metadataValueJson",
    ],
    ["has a key alone", { ...series, metadataKey: "k" }, "sent"],
    ["has a key with a value", { ...series, metadataKey: "k", metadataValue: "" }, "sent"],
    ["has a key with JSON", { ...series, metadataKey: "k", metadataValueJson: "[1]" }, "sent"],
  ];
  it.effect.each(table)("%s", ([, one, path]) =>
    Effect.map(fate(Metrics.compare([one])), (found) => assert.strictEqual(found, path)),
  );
});

describe("words", () => {
  const word = <A>(text: string) => text as A;
  const table: ReadonlyArray<readonly [name: string, call: Call["effect"], path: string]> = [
    [
      "rows are sorted by their three times",
      Metrics.list("e", { sortBy: ["step", "clientTimestamp", "serverTimestamp"] }),
      "sent",
    ],
    ["by nothing else", Metrics.list("e", { sortBy: [word("metricValue")] }), "sortBy.0"],
    ["by series only in a comparison", Metrics.list("e", { sortBy: [word("series")] }), "sortBy.0"],
    ["and there by it, too", Metrics.compare([], { sortBy: ["series"] }), "sent"],
    ["up or down", Metrics.list("e", { sortDirection: word("up") }), "sortDirection"],
    [
      "one does not set that an experiment is created",
      Experiments.updateStatus("e", word("created")),
      "status",
    ],
    [
      "an experiment may be asked for by any status",
      Experiments.list({ status: "brand-new" }),
      "sent",
    ],
    [
      "points are in the order of their steps or times",
      Metrics.querySeries([{ experimentId: "e" }], {
        order: { axis: word("value"), direction: "asc" },
      }),
      "order.axis",
    ],
    ["a patch changes something", Folders.patch("f", {}), ""],
    ["the top level is something", Folders.patch("f", { parentId: null }), "sent"],
  ];
  it.effect.each(table)("%s", ([, call, path]) =>
    Effect.map(fate(call), (found) => assert.strictEqual(found, path)),
  );
});

it.effect.each(["", "x".repeat(201)])(
  "the name of minted keys has that limit when the layer is built: %j",
  (name) =>
    Effect.gen(function* () {
      const layer = ConfigService.layer({ apiKey: "k", ingestionKeyName: name });
      const error = yield* Effect.flip(Effect.provide(ConfigService.ConfigService, layer));
      assert(error.reason._tag === "InvalidSetting");
      assert.strictEqual(error.reason.setting, "ingestionKeyName");
    }),
);

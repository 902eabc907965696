import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Annotations from "../src/Annotations.ts";
import * as Experiments from "../src/Experiments.ts";
import * as Folders from "../src/Folders.ts";
import * as IngestionKeys from "../src/IngestionKeys.ts";
import * as Metrics from "../src/Metrics.ts";
import * as SyvainMetrics from "../src/SyvainMetrics.ts";
import { Faults, MetricsServer } from "../src/testing.ts";

const live = Effect.provide(MetricsServer.layerClient());
const five = [0, 1, 2, 3, 4];

const gets = Effect.map(
  Faults.requests,
  (requests) => requests.filter(({ method }) => method === "GET").length,
);

it.effect("every stream follows the cursor to the last item, in order", () =>
  Effect.gen(function* () {
    yield* Effect.forEach(five, (i) => Folders.create({ name: `folder-${i}` }));
    yield* Effect.forEach(five, (i) => Experiments.create({ slug: `experiment-${i}` }));
    const { experiments } = yield* Experiments.list();
    const id = experiments[0]!.id;
    yield* Effect.forEach(five, () => IngestionKeys.create(id));
    yield* Effect.forEach(five, (i) => Annotations.create(id, { text: `annotation-${i}` }));
    yield* Metrics.ingest(
      id,
      five.map((i) => ({
        clientEventId: `event-${i}`,
        name: `metric-${i}`,
        value: i,
        metadata: { fold: i },
      })),
    );
    yield* Metrics.ingest(
      id,
      five.map((i) => ({ clientEventId: `x-${i}`, name: "x", value: 1, metadata: { fold: i } })),
    );

    const limit = 2;
    const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.runCollect(stream);
    assert.deepStrictEqual(
      (yield* collect(Folders.stream({ limit }))).map(({ name }) => name),
      five.map((i) => `folder-${i}`),
    );
    assert.deepStrictEqual(
      (yield* collect(Experiments.stream({ limit }))).map(({ slug }) => slug),
      five.map((i) => `experiment-${i}`),
    );
    assert.deepStrictEqual(
      (yield* collect(Annotations.stream(id, { limit }))).map(({ text }) => text),
      five.map((i) => `annotation-${i}`),
    );
    // The five, and the one that the client minted for itself.
    assert.lengthOf(yield* collect(IngestionKeys.stream(id, { limit })), 6);
    assert.deepStrictEqual(
      (yield* collect(Metrics.stream(id, { name: "x", limit }))).map(
        (metric) => metric.clientEventId,
      ),
      five.map((i) => `x-${i}`),
    );
    assert.sameMembers(
      (yield* collect(Metrics.streamCatalog({ experimentIds: [id], limit }))).map(
        ({ metricName }) => metricName,
      ),
      [...five.map((i) => `metric-${i}`), "x"],
    );
    assert.sameMembers(
      (yield* collect(
        Metrics.streamCatalogValues({ metricName: "x", metadataKey: "fold", limit }),
      )).map(({ value }) => value as number),
      five,
    );
  }).pipe(live),
);

describe("a stream is lazy", () => {
  it.effect("it sends nothing until it is run", () =>
    Effect.gen(function* () {
      Experiments.stream();
      assert.strictEqual(yield* gets, 0);
    }).pipe(live),
  );

  it.effect("it fetches no page that is not needed", () =>
    Effect.gen(function* () {
      yield* Effect.forEach(five, (i) => Experiments.create({ slug: `${i}` }));
      const taken = yield* Experiments.stream({ limit: 2 }).pipe(Stream.take(2), Stream.runCollect);
      assert.lengthOf(taken, 2);
      assert.strictEqual(yield* gets, 1);
    }).pipe(live),
  );

  it.effect("it starts at the cursor it is given, and anew each time it is run", () =>
    Effect.gen(function* () {
      yield* Effect.forEach(five, (i) => Experiments.create({ slug: `${i}` }));
      const { nextCursor } = yield* Experiments.list({ limit: 3 });
      const rest = Experiments.stream({ cursor: nextCursor!, limit: 1 });
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(
          (yield* Stream.runCollect(rest)).map(({ slug }) => slug),
          ["3", "4"],
        );
      }
    }).pipe(live),
  );
});

/** Pages that no honest server would send. */
const scripted = (pages: ReadonlyArray<readonly [folders: number, next: string | null]>) => {
  let asked = 0;
  const client = HttpClient.make((request) => {
    const [count, next_cursor] = pages[asked % pages.length]!;
    const folders = Array.from({ length: count }, () => ({
      id: `${asked}`,
      name: "a",
      parent_id: null,
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
    }));
    asked++;
    return Effect.succeed(
      HttpClientResponse.fromWeb(request, Response.json({ folders, next_cursor })),
    );
  });
  return {
    asked: () => asked,
    live: Effect.provide(
      SyvainMetrics.layer({ apiKey: "key" }).pipe(
        Layer.provideMerge(Layer.succeed(HttpClient.HttpClient, client)),
      ),
    ),
  };
};

it.effect("an empty page with a cursor is not the end", () => {
  const server = scripted([
    [1, "a"],
    [0, "b"],
    [0, "c"],
    [2, null],
  ]);
  return Effect.gen(function* () {
    assert.lengthOf(yield* Stream.runCollect(Folders.stream()), 3);
    assert.strictEqual(server.asked(), 4);
  }).pipe(server.live);
});

describe("a cursor that repeats ends the stream with a MetricsApiResponseError", () => {
  for (const { what, pages, cursor, asked } of [
    { what: "at once", pages: [[1, "a"]], cursor: undefined, asked: 2 },
    {
      what: "after a while",
      pages: [
        [1, "a"],
        [1, "b"],
      ],
      cursor: undefined,
      asked: 3,
    },
    { what: "and is the one that was given", pages: [[1, "mine"]], cursor: "mine", asked: 1 },
  ] as const) {
    it.effect(what, () => {
      const server = scripted(pages);
      return Effect.gen(function* () {
        const error = yield* Effect.flip(Stream.runDrain(Folders.stream({ cursor })));
        assert(error._tag === "MetricsApiResponseError" && error.reason._tag === "RepeatedCursor");
        assert.strictEqual(error.operation, "Folders.list");
        assert.deepStrictEqual(error.path, ["next_cursor"]);
        assert.strictEqual(server.asked(), asked);
      }).pipe(server.live);
    });
  }
});

it.effect("an empty cursor, which would start again, is refused", () => {
  const server = scripted([[1, ""]]);
  return Effect.gen(function* () {
    const error = yield* Effect.flip(Stream.runDrain(Folders.stream()));
    assert(error._tag === "MetricsApiResponseError");
    assert.deepStrictEqual(error.path, ["next_cursor"]);
  }).pipe(server.live);
});

it.effect("a page that fails ends the stream with its error, after the items before it", () =>
  Effect.gen(function* () {
    yield* Effect.forEach(five, (i) => Experiments.create({ slug: `${i}` }));
    const seen: Array<string> = [];
    let page = 0;
    const error = yield* Experiments.stream({ limit: 2 }).pipe(
      Stream.tap(({ slug }) =>
        Effect.suspend(() => {
          seen.push(slug);
          return ++page === 2 ? Faults.status(403) : Effect.void;
        }),
      ),
      Stream.runDrain,
      Effect.flip,
    );
    assert.strictEqual(error.reason._tag, "Forbidden");
    assert.deepStrictEqual(seen, ["0", "1"]);
  }).pipe(live),
);

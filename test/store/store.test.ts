/** What every store does alike. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Latch from "effect/Latch";
import * as Stream from "effect/Stream";
import {
  type Batch,
  type Experiment,
  type IngestionKey,
  type Ingested,
  type NewEvent,
  type RowQuery,
  type SortKey,
  Store,
} from "../../src/server/store.ts";
import { implementations, newExperiment } from "../support/stores.ts";

const event = (clientEventId: string, rest: Partial<NewEvent> = {}): NewEvent => ({
  clientEventId,
  name: "loss",
  metadata: {},
  value: 1,
  step: null,
  clientTime: 0,
  ...rest,
});

const key: IngestionKey = {
  id: "key",
  experimentId: "a",
  name: "k",
  createdAt: 1,
  expiresAt: 2,
  revokedAt: null,
  lastUsedAt: null,
};

const answered = (idempotencyKey: string, body = "{}") => ({
  idempotencyKey,
  request: "request",
  answer: { status: 200, contentType: "application/json", body },
});

const open = (one: Experiment) => Store.use((store) => store.transaction(store.putExperiment(one)));

const ingest = (
  experimentId: string,
  events: ReadonlyArray<NewEvent>,
  rest: Partial<Batch> = {},
): Effect.Effect<Ingested, unknown, Store> =>
  Store.use((store) =>
    store.ingest({ experimentId, serverTime: 9, keyId: null, answer: undefined, events, ...rest }),
  );

/** The values of rows, of all series unless a query says which. */
const valuesOf = (experimentId: string, query: Partial<RowQuery> = {}) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const series = (yield* store.series(experimentId, undefined)).map((series, place) => ({
      series,
      place,
    }));
    const rows = yield* store.rows({
      series,
      sortBy: [],
      direction: "asc",
      limit: 1000,
      ...query,
    });
    return rows.map((row) => row.event.value);
  });

for (const { name, layer } of implementations) {
  const promise = (
    what: string,
    body: () => Generator<Effect.Effect<unknown, unknown, Store>, void>,
  ) => it.live(what, () => Effect.gen(body).pipe(Effect.provide(layer)));

  describe(`the store in ${name}`, () => {
    promise("keeps folders, and changes them", function* () {
      const store = yield* Store;
      const outer = { id: "1", name: "a", parentId: null };
      const inner = { id: "2", name: "a", parentId: "1" };
      yield* store.transaction(Effect.andThen(store.putFolder(outer), store.putFolder(inner)));
      yield* store.transaction(store.putFolder({ ...outer, name: "b" }));
      const folders = yield* store.folders;
      assert.deepStrictEqual(Object.fromEntries(folders), {
        1: { ...outer, name: "b" },
        2: inner,
      });
    });

    promise("finds experiments by what they are, the last updated first", function* () {
      const store = yield* Store;
      yield* store.transaction(store.putFolder({ id: "f", name: "f", parentId: null }));
      yield* open(newExperiment("Ärger_1", { createdAt: 5, updatedAt: 5 }));
      yield* open(newExperiment("b%", { createdAt: 6, updatedAt: 6, folderId: "f" }));
      yield* open(newExperiment("c", { createdAt: 7, updatedAt: 6, status: "done" }));
      yield* open(newExperiment("b\\", { createdAt: 4, updatedAt: 4 }));
      for (const [filter, slugs] of [
        [{}, ["c", "b%", "Ärger_1", "b\\"]],
        [{ limit: 2 }, ["c", "b%"]],
        [{ folderId: "f" }, ["b%"]],
        [{ status: "done" }, ["c"]],
        [{ slug: "c" }, ["c"]],
        [{ slug: "C" }, []],
        [{ search: "ÄRGER" }, ["Ärger_1"]],
        [{ search: "B" }, ["b%", "b\\"]],
        [{ search: "%" }, ["b%"]],
        [{ search: "_" }, ["Ärger_1"]],
        [{ search: "\\" }, ["b\\"]],
        [{ from: 5, to: 6 }, ["b%", "Ärger_1"]],
        [{ from: 5, search: "b" }, ["b%"]],
      ] as const) {
        const found = yield* store.experiments(filter);
        assert.deepStrictEqual(
          found.map(({ slug }) => slug),
          [...slugs],
          JSON.stringify(filter),
        );
      }
      assert.isUndefined(yield* store.experiment("none"));
    });

    promise("keeps each revision of an experiment, and when its last event came", function* () {
      const store = yield* Store;
      const first = newExperiment("a", {
        description: { text: "one", metadata: { a: [1, null] } },
      });
      yield* open(first);
      yield* store.transaction(store.touchExperiment("a", 5));
      assert.deepStrictEqual(yield* store.experiment("a"), { ...first, lastEventAt: 5 });
      const second: Experiment = {
        ...first,
        revision: 1,
        description: { text: "two", metadata: {} },
        status: "error",
        error: { name: "E", detail: null },
        startedAt: 2,
        doneAt: 3,
      };
      yield* open(second);
      assert.deepStrictEqual(yield* store.experiment("a"), { ...second, lastEventAt: 5 });
      yield* ingest("a", [event("1")], { serverTime: 6 });
      assert.strictEqual((yield* store.experiment("a"))?.lastEventAt, 6);
      assert.deepStrictEqual(yield* store.descriptions("a"), [
        first.description,
        second.description,
      ]);
      const [row] = yield* Effect.map(store.series("a", undefined), ([series]) => series!).pipe(
        Effect.flatMap((series) =>
          store.rows({
            series: [{ series, place: 0 }],
            sortBy: [],
            direction: "asc",
            limit: 1,
          }),
        ),
      );
      assert.deepInclude(row?.event, { revision: 1, serverTime: 6, clientTime: 0, step: null });
    });

    promise("keeps an event once for its id in an experiment: the first", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      yield* open(newExperiment("b"));
      const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
      const first = [event("x"), event("x", { value: 2 }), event(uuid, { value: 3 })];
      assert.deepStrictEqual(yield* ingest("a", first), { _tag: "Ingested", added: 2 });
      const second = [event("y", { value: 4 }), event(uuid, { value: 5, name: "other" })];
      assert.deepStrictEqual(yield* ingest("a", second), { _tag: "Ingested", added: 1 });
      // Texts that differ at all are different ids.
      const third = [uuid.toUpperCase(), uuid.replaceAll("-", ""), "X", "x ", "é", "e\u0301"];
      assert.deepInclude(
        yield* ingest(
          "a",
          third.map((id) => event(id, { value: 6 })),
        ),
        { added: 6 },
      );
      assert.deepInclude(yield* ingest("b", first), { added: 2 });
      assert.deepStrictEqual(yield* valuesOf("a"), [1, 3, 4, 6, 6, 6, 6, 6, 6]);
      assert.deepStrictEqual(yield* valuesOf("b"), [1, 3]);
      const [loss] = yield* store.series("a", "loss");
      assert.strictEqual(loss?.count, 9);
    });

    promise("counts exactly when many write the same at once", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      const batch = (from: number) =>
        Array.from({ length: 500 }, (_, i) =>
          event(`${from + i}`, { step: from + i, metadata: { part: (from + i) % 3 } }),
        );
      // Each event comes in four batches, in several orders.
      const batches = Array.from({ length: 40 }, (_, i) => batch((i % 10) * 250));
      const results = yield* Effect.forEach(batches, (events) => ingest("a", events), {
        concurrency: 8,
      });
      const added = results.map((one) => (one._tag === "Ingested" ? one.added : 0));
      assert.strictEqual(
        added.reduce((sum, one) => sum + one),
        2750,
      );
      const series = yield* store.series("a", undefined);
      assert.deepStrictEqual(series.map(({ count }) => count).toSorted(), [916, 917, 917]);
    });

    promise("takes a thousand events of as many series, and again", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      const events = Array.from({ length: 1000 }, (_, i) => event(`${i}`, { name: `m${i}` }));
      assert.deepInclude(yield* ingest("a", events), { added: 1000 });
      assert.deepInclude(yield* ingest("a", events), { added: 0 });
      const series = yield* store.series("a", undefined);
      assert.deepStrictEqual(
        series.map((one) => one.name),
        events.map((one) => one.name),
      );
      const sortBy: ReadonlyArray<SortKey> = ["step", "clientTime"];
      assert.lengthOf(yield* valuesOf("a", { sortBy }), 1000);
      assert.lengthOf(yield* valuesOf("a", { sortBy, direction: "desc", limit: 7 }), 7);
    });

    promise("does nothing for an experiment that is not there", function* () {
      assert.deepStrictEqual(yield* ingest("none", [event("1")]), { _tag: "NoExperiment" });
    });

    promise("keeps an answer with what it answers for, once", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      const answer = answered("k");
      assert.deepInclude(yield* ingest("a", [event("1")], { answer }), { added: 1 });
      assert.deepStrictEqual(
        yield* ingest("a", [event("2")], { answer: answered("k", "another") }),
        { _tag: "Answered", kept: answer },
      );
      assert.deepStrictEqual(yield* valuesOf("a"), [1]);
      assert.deepStrictEqual(yield* store.answer("k"), answer);
      yield* store.transaction(store.addAnswer(answered("l", "é\u0000")));
      assert.deepStrictEqual(yield* store.answer("l"), answered("l", "é\u0000"));
      assert.isUndefined(yield* store.answer("m"));
    });

    promise("keeps thousands of answers, however they come", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      const add = (from: number, to: number) =>
        store.transaction(
          Effect.forEach(
            Array.from({ length: to - from }, (_, i) => from + i),
            (n) => store.addAnswer(answered(`${n}`)),
            { discard: true },
          ),
        );
      yield* add(0, 1000);
      yield* add(1000, 1999);
      yield* ingest("a", [], { answer: answered("1999") });
      for (const n of ["0", "999", "1000", "1999"]) {
        assert.deepStrictEqual(yield* store.answer(n), answered(n));
      }
    });

    promise("has one series for metadata that are equal as JSON", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      yield* ingest("a", [
        event("1", { metadata: { a: 1, b: { c: [1, null], d: "x" } } }),
        event("2", { metadata: { b: { d: "x", c: [1, null] }, a: 1 } }),
        event("3", { metadata: { b: { d: "x", c: [null, 1] }, a: 1 } }),
        event("4", { metadata: { a: "1" } }),
        event("5", { metadata: { a: "1" }, name: "other" }),
      ]);
      const series = yield* store.series("a", undefined);
      assert.deepStrictEqual(
        series.map(({ name, metadata, count }) => [name, metadata, count]),
        [
          ["loss", { a: 1, b: { c: [1, null], d: "x" } }, 2],
          ["loss", { b: { d: "x", c: [null, 1] }, a: 1 }, 1],
          ["loss", { a: "1" }, 1],
          ["other", { a: "1" }, 1],
        ],
      );
      assert.strictEqual(new Set(series.map(({ hash }) => hash)).size, 3);
      assert.lengthOf(yield* store.series("a", "other"), 1);
    });

    promise("gives texts and numbers back as they came", function* () {
      const store = yield* Store;
      const texts = ["a\u0000b", "\\0", "\\", "\ud800", "\\ud800", "😀", "é", "e\u0301", "'\"%_"];
      for (const text of texts) {
        const one = newExperiment(text, {
          description: { text, metadata: { [text]: text } },
          status: "error",
          error: { name: text, detail: text },
        });
        yield* open(one);
        assert.deepStrictEqual(yield* store.experiment(text), one);
        assert.lengthOf(yield* store.experiments({ slug: text }), 1);
        yield* ingest(
          text,
          texts.map((name) => event(name, { name, metadata: { [name]: name } })),
        );
        const series = yield* store.series(text, undefined);
        assert.deepStrictEqual(
          series.map(({ name, metadata }) => [name, metadata]),
          texts.map((name) => [name, { [name]: name }]),
        );
        const note = { id: text, experimentId: text, text, metadata: { [text]: 1 }, createdAt: 1 };
        yield* store.transaction(store.addAnnotation(note));
        const all = { from: -Infinity, to: Infinity, limit: 10 };
        assert.deepStrictEqual(yield* store.annotations(text, all), [note]);
      }
      const values = [5e-324, -1.7976931348623157e308, 0.1, 1 / 3, 2 ** 53, -(2 ** 60), 1e21];
      const most = Number.MAX_SAFE_INTEGER;
      yield* open(newExperiment("numbers"));
      yield* ingest(
        "numbers",
        values.map((value, i) => event(`${i}`, { value, step: most - i, clientTime: 8.64e15 })),
      );
      const [series] = yield* store.series("numbers", undefined);
      const [points] = yield* Stream.runCollect(store.points(series!, "step", "desc"));
      assert.deepStrictEqual(points, {
        steps: values.map((_, i) => most - i),
        times: values.map(() => 8.64e15),
        values,
      });
    });

    promise("sorts rows by any keys, and by arrival at last", function* () {
      yield* open(newExperiment("a"));
      const metadata = { split: "b" };
      yield* ingest("a", [
        event("1", { value: 1, step: 2, clientTime: 3 }),
        event("2", { value: 2, step: null, clientTime: 1 }),
        event("3", { value: 3, step: 1, clientTime: 3, metadata }),
      ]);
      yield* ingest(
        "a",
        [
          event("4", { value: 4, step: 0, clientTime: 2, metadata }),
          event("5", { value: 5, step: null, clientTime: 4 }),
          event("6", { value: 6, step: 1, clientTime: 3 }),
        ],
        { serverTime: 5 },
      );
      const cases: ReadonlyArray<
        readonly [ReadonlyArray<SortKey>, asc: Array<number>, desc: Array<number>]
      > = [
        [[], [1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]],
        [["step"], [4, 3, 6, 1, 2, 5], [1, 6, 3, 4, 5, 2]],
        [
          ["step", "clientTime"],
          [4, 3, 6, 1, 2, 5],
          [1, 6, 3, 4, 5, 2],
        ],
        [["clientTime"], [2, 4, 1, 3, 6, 5], [5, 6, 3, 1, 4, 2]],
        [
          ["serverTime", "step"],
          [4, 6, 5, 3, 1, 2],
          [1, 3, 2, 6, 4, 5],
        ],
        [
          ["series", "clientTime", "step"],
          [2, 6, 1, 5, 4, 3],
          [3, 4, 5, 1, 6, 2],
        ],
      ];
      for (const [sortBy, asc, desc] of cases) {
        assert.deepStrictEqual(yield* valuesOf("a", { sortBy }), asc, `${sortBy}`);
        assert.deepStrictEqual(
          yield* valuesOf("a", { sortBy, direction: "desc" }),
          desc,
          `${sortBy} desc`,
        );
        assert.deepStrictEqual(
          yield* valuesOf("a", { sortBy, direction: "desc", limit: 5 }),
          desc.slice(0, 5),
        );
      }
      for (const [bounds, values] of [
        [{ fromStep: 1 }, [1, 3, 6]],
        [{ toStep: 1 }, [3, 4, 6]],
        [{ fromStep: 1, toStep: 1 }, [3, 6]],
        [{ fromStep: -5 }, [1, 3, 4, 6]],
        [{ fromStep: 2, toStep: 1 }, []],
        [{ fromTime: 2, toTime: 3 }, [1, 3, 4, 6]],
        [{ toTime: 2, toStep: 0 }, [4]],
        [{ fromTime: -1 }, [1, 2, 3, 4, 5, 6]],
      ] as const) {
        assert.deepStrictEqual(yield* valuesOf("a", bounds), [...values], JSON.stringify(bounds));
      }
      assert.deepStrictEqual(yield* valuesOf("a", { series: [] }), []);
    });

    promise("streams the points of a series in order, in parts", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      const count = 25_000;
      for (let from = 0; from < count; from += 1000) {
        yield* ingest(
          "a",
          Array.from({ length: 1000 }, (_, i) => {
            const n = from + i;
            // Every step twice, some without; time runs the other way.
            const step = n % 10 === 0 ? null : n >> 1;
            return event(`${n}`, { value: n, step, clientTime: count - n });
          }),
        );
      }
      const [series] = yield* store.series("a", "loss");
      assert.strictEqual(series?.count, count);
      const all = Array.from({ length: count }, (_, n) => n);
      const stepOf = (n: number) => (n % 10 === 0 ? Infinity : n >> 1);
      for (const [axis, direction, expected] of [
        ["step", "asc", all.toSorted((a, b) => stepOf(a) - stepOf(b) || b - a)],
        [
          "step",
          "desc",
          all.toSorted(
            (a, b) =>
              Number(stepOf(a) === Infinity) - Number(stepOf(b) === Infinity) ||
              (stepOf(a) === Infinity ? 0 : stepOf(b) - stepOf(a)) ||
              a - b,
          ),
        ],
        ["timestamp", "asc", all.toReversed()],
        ["timestamp", "desc", all],
      ] as const) {
        const parts = yield* Stream.runCollect(store.points(series!, axis, direction));
        assert.isAbove(parts.length, axis === "step" ? 2 : 0);
        assert.deepStrictEqual(
          parts.flatMap(({ values }) => values),
          [...expected],
          `${axis} ${direction}`,
        );
        assert.deepStrictEqual(
          parts.flatMap(({ steps }) => steps),
          expected.map((n) => (n % 10 === 0 ? null : n >> 1)),
        );
        assert.deepStrictEqual(
          parts.flatMap(({ times }) => times),
          expected.map((n) => count - n),
        );
      }
    });

    promise("gives annotations, the newest first, of one time the last that came", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      for (const [id, createdAt] of [
        ["1", 5],
        ["2", 7],
        ["3", 5],
        ["4", 3],
      ] as const) {
        const note = { id, experimentId: "a", text: id, metadata: {}, createdAt };
        yield* store.transaction(store.addAnnotation(note));
      }
      for (const [from, to, limit, ids] of [
        [-Infinity, Infinity, 10, "2 3 1 4"],
        [-Infinity, Infinity, 2, "2 3"],
        [5, 5, 10, "3 1"],
        [6, 5, 10, ""],
      ] as const) {
        const found = yield* store.annotations("a", { from, to, limit });
        assert.strictEqual(found.map(({ id }) => id).join(" "), ids);
      }
    });

    promise("knows ingestion keys by their tokens", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      yield* open(newExperiment("b"));
      const other = { ...key, id: "other", name: "o" };
      yield* store.transaction(store.addIngestionKey(key, "ik_1"));
      yield* store.transaction(store.addIngestionKey(other, "ik_2"));
      yield* store.transaction(
        store.addIngestionKey({ ...key, id: "third", experimentId: "b" }, "ik_3"),
      );
      yield* store.transaction(store.revokeIngestionKey("other", 5));
      yield* ingest("a", [event("1")], { keyId: "key", serverTime: 7 });
      assert.deepStrictEqual(yield* store.ingestionKeys("a"), [
        { ...key, lastUsedAt: 7 },
        { ...other, revokedAt: 5 },
      ]);
      yield* store.transaction(store.touchIngestionKey("other", 8));
      assert.deepInclude(yield* store.ingestionKeyOfToken("ik_2"), { id: "other", lastUsedAt: 8 });
      assert.isUndefined(yield* store.ingestionKeyOfToken("ik_4"));
    });

    promise("knows experiment tokens, and which were revoked", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a\0"));
      const token = { experimentId: "a\0", expiresAt: 5 };
      yield* store.transaction(store.addExperimentToken("et_1", token));
      yield* store.transaction(store.addExperimentToken("et_2", token));
      yield* store.transaction(store.revokeExperimentToken("et_2", 3));
      yield* store.transaction(store.revokeExperimentToken("et_3", 3));
      const good = { ...token, revokedAt: null };
      assert.deepStrictEqual(yield* store.experimentToken("et_1"), good);
      assert.deepStrictEqual(yield* store.experimentToken("et_2"), { ...token, revokedAt: 3 });
      assert.isUndefined(yield* store.experimentToken("et_3"));
    });

    promise("counts the changes of a record and its annotations, and the events", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a\0"));
      yield* open(newExperiment("b"));
      yield* open(newExperiment("b", { status: "done" }));
      yield* ingest("b", [event("1"), event("2", { name: "acc" }), event("1")]);
      yield* ingest("b", [event("2"), event("3")]);
      yield* store.transaction(store.touchExperiment("b", 7));
      const revisions = yield* store.revisions(["b", "none", "a\0"]);
      const [a, b] = [revisions.get("a\0")!, revisions.get("b")!];
      assert.deepStrictEqual([revisions.size, a.series, b.series], [2, 0, 3]);
      assert.strictEqual(b.experiment - a.experiment, 2);
      assert.strictEqual((yield* store.revisions([])).size, 0);
    });

    const writes = Effect.gen(function* () {
      const store = yield* Store;
      yield* store.putFolder({ id: "g", name: "g", parentId: null });
      yield* store.putExperiment(newExperiment("a", { revision: 1, status: "done" }));
      yield* store.putExperiment(newExperiment("b"));
      yield* store.touchExperiment("a", 7);
      const note = { id: "n", experimentId: "a", text: "n", metadata: {}, createdAt: 1 };
      yield* store.addAnnotation(note);
      yield* store.addIngestionKey({ ...key, id: "two" }, "ik_2");
      yield* store.revokeIngestionKey("key", 4);
      yield* store.touchIngestionKey("key", 4);
      yield* store.addExperimentToken("et_2", { experimentId: "a", expiresAt: 5 });
      yield* store.revokeExperimentToken("et_1", 4);
      yield* store.addAnswer(answered("k"));
    });
    const everything = Effect.gen(function* () {
      const store = yield* Store;
      return [
        new Map(yield* store.folders),
        yield* store.experiments({}),
        yield* store.descriptions("a"),
        yield* store.annotations("a", { from: 0, to: 9, limit: 9 }),
        yield* store.ingestionKeys("a"),
        yield* store.ingestionKeyOfToken("ik_2"),
        yield* store.experimentToken("et_1"),
        yield* store.experimentToken("et_2"),
        new Map(yield* store.revisions(["a", "b"])),
        yield* store.answer("k"),
      ];
    });

    promise("undoes all of a transaction that fails, dies or is interrupted", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      yield* store.transaction(store.addIngestionKey(key, "ik_1"));
      const token = { experimentId: "a", expiresAt: 5 };
      yield* store.transaction(store.addExperimentToken("et_1", token));
      const before = yield* everything;
      const failed = yield* Effect.flip(
        store.transaction(Effect.andThen(writes, Effect.fail("no" as const))),
      );
      assert.strictEqual(failed, "no");
      assert.deepStrictEqual(yield* everything, before);

      const died = yield* Effect.exit(
        store.transaction(Effect.andThen(writes, Effect.die(new Error("no")))),
      );
      assert.strictEqual(died._tag, "Failure");
      assert.deepStrictEqual(yield* everything, before);

      const written = yield* Latch.make();
      const fiber = yield* Effect.forkChild(
        store.transaction(writes.pipe(Effect.andThen(written.open), Effect.andThen(Effect.never))),
      );
      yield* written.await;
      yield* Fiber.interrupt(fiber);
      assert.deepStrictEqual(yield* everything, before);

      yield* store.transaction(writes);
      assert.notDeepEqual(yield* everything, before);
    });

    promise("reads inside a transaction what it wrote, and one runs at a time", function* () {
      const store = yield* Store;
      yield* open(newExperiment("a"));
      const increment = store.transaction(
        Effect.gen(function* () {
          const before = yield* store.experiment("a");
          yield* Effect.yieldNow;
          const createdAt = before!.createdAt + 1;
          yield* store.putExperiment({ ...before!, createdAt });
          assert.strictEqual((yield* store.experiment("a"))?.createdAt, createdAt);
        }),
      );
      yield* Effect.all(
        Array.from({ length: 30 }, () => increment),
        { concurrency: 10 },
      );
      assert.strictEqual((yield* store.experiment("a"))?.createdAt, 31);
    });

    if (name !== "memory") {
      promise("reads past a transaction under way, and sees nothing of it", function* () {
        const store = yield* Store;
        yield* open(newExperiment("a"));
        yield* store.transaction(store.addIngestionKey(key, "ik_1"));
        const before = yield* everything;
        const [written, ending] = [yield* Latch.make(), yield* Latch.make()];
        const fiber = yield* Effect.forkChild(
          store.transaction(
            writes.pipe(Effect.andThen(written.open), Effect.andThen(ending.await)),
          ),
        );
        yield* written.await;
        assert.deepStrictEqual(yield* everything, before);
        yield* ending.open;
        yield* Fiber.join(fiber);
        assert.notDeepEqual(yield* everything, before);
      });

      promise("keeps events while a transaction goes on, or right after it", function* () {
        const store = yield* Store;
        yield* open(newExperiment("a"));
        yield* open(newExperiment("b"));
        const one = store.transaction(
          Effect.andThen(store.touchExperiment("b", 1), Effect.sleep("5 millis")),
        );
        const batch = (n: number) =>
          ingest(
            "a",
            Array.from({ length: 100 }, (_, i) => event(`${n}/${i}`)),
          );
        yield* Effect.all(
          Array.from({ length: 40 }, (_, n) => (n % 4 === 0 ? one : batch(n))),
          { concurrency: "unbounded" },
        );
        assert.strictEqual((yield* store.series("a", "loss"))[0]?.count, 3000);
      });
    }
  });
}

import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Redacted from "effect/Redacted";
import * as References from "effect/References";
import * as Annotations from "../src/Annotations.ts";
import * as DebugLog from "../src/DebugLog.ts";
import * as Experiments from "../src/Experiments.ts";
import * as IngestionKeys from "../src/IngestionKeys.ts";
import * as RequestPolicy from "../src/RequestPolicy.ts";
import { Faults, MetricsServer } from "../src/testing.ts";

/** What an effect logs, one string for each entry. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>, level: "Debug" | "Info" = "Debug") =>
  Effect.suspend(() => {
    const entries: Array<string> = [];
    const logger = Logger.map(Logger.formatJson, (entry) => void entries.push(entry));
    return effect.pipe(
      Effect.provideService(References.MinimumLogLevel, level),
      Effect.provide(Logger.layer([logger])),
      Effect.as(entries),
    );
  });

const live = Effect.provide(MetricsServer.layerClient({ retry: RequestPolicy.noRetry }));
const list = Effect.ignore(Experiments.list({ slug: "a b" }));
const messages = (entries: ReadonlyArray<string>): ReadonlyArray<unknown> =>
  entries.map((entry) => JSON.parse(entry).message);

describe("the debug log", () => {
  it.effect("is off by default, and below its level", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* logged(list), []);
      assert.deepStrictEqual(yield* logged(DebugLog.withDebugLog(list), "Info"), []);
    }).pipe(live),
  );

  it.effect("shows what was sent and what was answered, in its region only", () =>
    Effect.gen(function* () {
      const create = Experiments.create({ slug: "é", metadata: { a: 1 } });
      const entries = yield* logged(Effect.andThen(DebugLog.withDebugLog(create), list));
      const [sent, answered, ...rest] = messages(entries) as ReadonlyArray<
        [string, { headers: Record<string, string>; body: string }]
      >;
      assert.lengthOf(rest, 0);
      assert.strictEqual(
        sent![0],
        "Experiments.create: attempt 1: POST https://metrics.test/api/v1/experiments",
      );
      assert.strictEqual(sent![1].body, '{"slug":"é","metadata":{"a":1}}');
      assert.strictEqual(sent![1].headers["authorization"], "<redacted>");
      assert.strictEqual(answered![0], "Experiments.create: answered 201");
      assert.match(answered![1].body, /^\{"experiment":\{"id":/);
    }).pipe(live),
  );

  it.effect("shows the query, failures and lost connections", () =>
    Effect.gen(function* () {
      yield* Faults.dropBefore();
      const [sent, lost, failed] = messages(yield* logged(DebugLog.withDebugLog(list)));
      assert.match((sent as [string])[0], /\/experiments\?slug=a\+b$/);
      assert.match(String(lost), /^Experiments.list: no answer: the service could not be reached/);
      assert.match(String(failed), /^Experiments.list: the service could not be reached/);
    }).pipe(live),
  );

  it.effect("cuts bodies to size, at a whole character", () =>
    Effect.gen(function* () {
      const [sent] = messages(
        yield* logged(
          Effect.flip(Annotations.create("none", { text: "ä".repeat(100) })).pipe((self) =>
            DebugLog.withDebugLog(self, { maxBodyBytes: 12 }),
          ),
        ),
      ).slice(0, 1) as ReadonlyArray<[string, { body: string }]>;
      assert.match(sent![1].body, /^.{1,12}$|… \(\d+ bytes more\)$/);
      yield* Faults.status(200, {
        body: `{"experiments":[],"next_cursor":null,"x":"${"ä".repeat(99)}"}`,
      });
      const entries = yield* logged(DebugLog.withDebugLog(list, { maxBodyBytes: 45 }));
      const [, answered] = messages(entries) as ReadonlyArray<[string, { body: string }]>;
      assert.strictEqual(
        answered![1].body,
        '{"experiments":[],"next_cursor":null,"x":"ä… (197 bytes more)',
      );
    }).pipe(live),
  );

  it.effect("shows no key: not in a header, a body, a query, nor one that is new", () =>
    Effect.gen(function* () {
      const server = yield* MetricsServer.MetricsServer;
      const key = Redacted.value(server.apiKey);
      const { experiment } = yield* Experiments.create({ slug: "a" });
      const body = `{"experiments":[],"next_cursor":null,"seen":"Bearer ${key}"}`;
      yield* Faults.status(200, { body, headers: { "x-seen": key, "set-cookie": "a=secret" } });
      const entries = yield* logged(
        Experiments.list({ slug: key })
          .pipe(
            Effect.andThen(IngestionKeys.create(experiment.id)),
            Effect.andThen(Annotations.create(experiment.id, { text: key })),
          )
          .pipe(DebugLog.withDebugLog),
      );
      assert.isAbove(entries.length, 5);
      for (const entry of entries) {
        assert.notInclude(entry, key);
        assert.notMatch(entry, /sk_|ik_|a=secret/);
      }
    }).pipe(live),
  );

  it.effect("is a layer, too", () =>
    Effect.gen(function* () {
      const entries = yield* logged(list.pipe(Effect.provide(Layer.mergeAll(DebugLog.layer()))));
      assert.lengthOf(entries, 2);
    }).pipe(live),
  );
});

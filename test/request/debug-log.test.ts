import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Logger from "effect/Logger";
import * as Redacted from "effect/Redacted";
import * as References from "effect/References";
import * as Annotations from "../../src/Annotations.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as RequestPolicy from "../../src/RequestPolicy.ts";
import { layerLog } from "../../src/Telemetry.ts";
import { Faults, MetricsServer } from "../../src/testing/index.ts";

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
const shown = Effect.provide(layerLog());
const list = Effect.ignore(Experiments.list({ slug: "a b" }));
const messages = (entries: ReadonlyArray<string>): ReadonlyArray<unknown> =>
  entries.map((entry) => JSON.parse(entry).message);

describe("the debug log", () => {
  it.effect("is off by default, and below its level", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* logged(list), []);
      assert.deepStrictEqual(yield* logged(shown(list), "Info"), []);
    }).pipe(live),
  );

  it.effect("shows what was sent and what was answered, in its region only", () =>
    Effect.gen(function* () {
      const create = Experiments.create({ slug: "é", metadata: { a: 1 } });
      const entries = yield* logged(Effect.andThen(shown(create), list));
      const [sent, answered, ...rest] = messages(entries) as ReadonlyArray<
        [string, { headers: Record<string, string>; body: string }]
      >;
      assert.lengthOf(rest, 0);
      assert.strictEqual(
        sent![0],
        "Experiments.create: attempt 1: POST https://metrics.test/api/v1/experiments",
      );
      assert.strictEqual(sent![1].body, '{"slug":"é","description":"","metadata":{"a":1}}');
      assert.strictEqual(sent![1].headers["authorization"], "<redacted>");
      assert.strictEqual(answered![0], "Experiments.create: answered 201");
      assert.match(answered![1].body, /^\{"data":\{"experiment":\{"id":/);
    }).pipe(live),
  );

  it.effect("shows the query, failures and lost connections", () =>
    Effect.gen(function* () {
      yield* Faults.dropBefore();
      const [sent, lost, failed] = messages(yield* logged(shown(list)));
      assert.match((sent as [string])[0], /\/experiments\?slug=a\+b$/);
      assert.match(String(lost), /^Experiments.list: no answer: the service could not be reached/);
      assert.match(String(failed), /^Experiments.list: the service could not be reached/);
    }).pipe(live),
  );

  it.effect("cuts bodies to size, at a whole character", () =>
    Effect.gen(function* () {
      const create = Experiments.create({ slug: "a", description: "ä".repeat(100) });
      yield* Faults.status(200, {
        body: `{"data":{},"error":null,"x":"${"ä".repeat(99)}"}`,
      });
      const entries = yield* logged(
        Effect.ignore(create).pipe(Effect.provide(layerLog({ maxBodyBytes: 30 }))),
      );
      const [sent, answered] = messages(entries) as ReadonlyArray<[string, { body: string }]>;
      assert.strictEqual(sent![1].body, '{"slug":"a","description":"ä… (213 bytes more)');
      assert.strictEqual(answered![1].body, '{"data":{},"error":null,"x":"… (199 bytes more)');
    }).pipe(live),
  );

  it.effect("shows no key: not in a header, a body, a query, nor one that is new", () =>
    Effect.gen(function* () {
      const server = yield* MetricsServer.MetricsServer;
      const key = Redacted.value(server.apiKey);
      const { experiment } = yield* Experiments.create({ slug: "a" });
      const body = `{"data":{"experiments":[]},"error":null,"seen":"Bearer ${key}"}`;
      yield* Faults.status(200, { body, headers: { "x-seen": key, "set-cookie": "a=secret" } });
      const entries = yield* logged(
        Experiments.list({ slug: key })
          .pipe(
            Effect.andThen(IngestionKeys.create(experiment.id)),
            Effect.andThen(Annotations.create(experiment.id, { annotation: key })),
          )
          .pipe(shown),
      );
      assert.isAbove(entries.length, 5);
      for (const entry of entries) {
        assert.notInclude(entry, key);
        assert.notMatch(entry, /ak_|ik_|a=secret/);
      }
    }).pipe(live),
  );
});

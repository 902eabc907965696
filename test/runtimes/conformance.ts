/**
 * What the client must do on every runtime, as one plain program: against the reference server, by way of a gateway that also knows how to
 * misbehave (`gateway.ts`). It uses nothing but the public API and `fetch`.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as FileSystem from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Path from "effect/Path";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import {
  Annotations,
  Auth,
  ClientEventId,
  Collector,
  ConfigService,
  Experiments,
  Folders,
  IdempotencyKey,
  type IngestionKeyCache,
  IngestionKeys,
  Metrics,
  type MetricsApiError,
  RequestPolicy,
  ResponseInfo,
  Spool,
  SyvainMetrics,
} from "syvain-metrics-effect";

export interface Report {
  readonly passed: ReadonlyArray<string>;
  readonly failed: ReadonlyArray<string>;
}

export interface Place {
  /** Of the gateway. */
  readonly origin: string;
  readonly apiKey: string;
  /** Browsers and workers say who they are themselves. */
  readonly namesItself: boolean;
}

type Client = ConfigService.ConfigService | IngestionKeyCache.IngestionKeyCache;
type Program = Effect.Effect<
  unknown,
  unknown,
  Client | Layer.Success<typeof FetchHttpClient.layer>
>;

const expect = (holds: boolean, what: string): Effect.Effect<void> =>
  holds ? Effect.void : Effect.die(new Error(`expected ${what}`));
const same = (actual: unknown, expected: unknown): Effect.Effect<void> =>
  expect(
    JSON.stringify(actual) === JSON.stringify(expected),
    `${JSON.stringify(expected)}, not ${JSON.stringify(actual)}`,
  );
const reasonOf = <R>(effect: Effect.Effect<unknown, MetricsApiError.MetricsApiError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason._tag);

export const conformance = async ({ origin, apiKey, namesItself }: Place): Promise<Report> => {
  const client = (key: string) =>
    Layer.merge(SyvainMetrics.layer({ apiKey: key, host: origin }), FetchHttpClient.layer);
  const unique = crypto.randomUUID();
  /** Asks the gateway to misbehave, and marks the requests. */
  const by = (behaviour: string) =>
    RequestPolicy.withHeaders({ "x-behaviour": behaviour, "x-marker": `${behaviour}/${unique}` });
  const seen = (): Promise<Array<Record<string, string>>> =>
    fetch(`${origin}/seen`).then((response) => response.json());
  const create = (slug: string) =>
    Effect.map(Experiments.create({ slug: `${slug}-${unique}` }), ({ experiment }) => experiment);

  const checks: Record<string, Program> = {
    "says who it is": Effect.gen(function* () {
      const status = yield* Auth.status;
      yield* same([status.auth.kind, status.organization.name], ["api_key", "Reference"]);
    }),
    "keeps folders and experiments": Effect.gen(function* () {
      const { folder } = yield* Folders.create({ name: `a-${unique}` });
      const { folder: inner } = yield* Folders.create({ name: "b", parentId: folder.folderId });
      yield* Folders.rename(inner.folderId, `é\u{1f511}${unique}`);
      yield* Folders.move(inner.folderId, null);
      yield* same((yield* Folders.get(inner.folderId)).folder.pathName, `/é\u{1f511}${unique}`);
      const metadata = { camelCase: { snake_case: [1, null, true] }, é: "\u{1f511}" };
      const { experiment } = yield* Experiments.create({
        slug: `e-${unique}`,
        folderId: folder.folderId,
        metadata,
      });
      yield* Experiments.updateStatus(experiment.id, "running");
      yield* Experiments.move(experiment.id, inner.folderId);
      const found = (yield* Experiments.get(experiment.id)).experiment;
      yield* same(
        [found.status, found.folder?.folderId, found.metadata],
        ["running", inner.folderId, metadata],
      );
      const { experiments } = yield* Experiments.list({ slug: experiment.slug });
      yield* same(
        experiments.map(({ id }) => id),
        [experiment.id],
      );
    }),
    "records, reads, compares and browses metrics": Effect.gen(function* () {
      const experiment = yield* create("metrics");
      const events = Array.from({ length: 25 }, (_, step) => ({
        clientEventId: ClientEventId.make({ run: experiment.slug, name: "loss", step }),
        name: "loss",
        value: 1 / (step + 1),
        step,
        metadata: { split: "val" },
      }));
      const first = yield* Metrics.ingest(experiment.id, events.slice(0, 20), { sync: true });
      yield* same(first, { ok: true, mode: "sync" });
      const all = yield* Metrics.ingestAll(experiment.id, events, {
        maxBatchEvents: 10,
        sync: true,
      });
      yield* same([all.acknowledged, all.batches, all.mode], [25, 3, "sync"]);
      const { rows } = yield* Metrics.list(experiment.id, { sortBy: ["step"], limit: 20 });
      yield* same(
        rows.map(({ step, metadata }) => [step, metadata]),
        events.slice(0, 20).map(({ step, metadata }) => [step, metadata]),
      );
      const series = [{ experimentId: experiment.id, metricName: "loss" }];
      yield* same((yield* Metrics.compare(series)).rows.length, 25);
      const [batch] = yield* Metrics.querySeries(series);
      yield* same(
        batch?.data.value,
        events.map(({ value }) => value),
      );
      yield* same(yield* Metrics.listCatalog(experiment.id), {
        metrics: [{ metricName: "loss", metadataKeys: ["split"] }],
      });
      const { metadata } = yield* Metrics.inspectCatalogValues(experiment.id, "loss");
      yield* same(metadata.keys, [{ key: "split", values: ["val"], valueCount: 1 }]);
    }),
    "annotates, and mints, lists, revokes and forgets ingestion keys": Effect.gen(function* () {
      const experiment = yield* create("keys");
      yield* Annotations.create(experiment.id, { annotation: "é", metadata: { step: 1 } });
      const { annotations } = yield* Annotations.list(experiment.id);
      yield* same(
        annotations.map(({ annotation }) => annotation),
        ["é"],
      );
      const { token } = yield* IngestionKeys.create(experiment.id);
      yield* expect(!`${token}${JSON.stringify(token)}`.includes(Redacted.value(token)), "no key");
      const { keys } = yield* IngestionKeys.list(experiment.id);
      for (const { id } of keys) yield* IngestionKeys.revoke(experiment.id, id);
      yield* IngestionKeys.forgetCredential(experiment.id);
      yield* same(yield* Metrics.ingest(experiment.id, []), { ok: true, mode: "queued" });
    }),
    "records from a job, and says how it ended": Effect.gen(function* () {
      const id = yield* Effect.gen(function* () {
        const recorder = yield* Collector.experiment({ slug: `job-${unique}` });
        const job = Effect.forEach([0.9, 0.4], (loss, step) =>
          recorder.metric("loss", loss, { step }),
        );
        yield* recorder.run(job);
        yield* recorder.flushOrFail;
        return (yield* recorder.experiment).id;
      }).pipe(
        Effect.scoped,
        Effect.provide(Collector.layer().pipe(Layer.provide(Spool.layerMemory()))),
      );
      const { experiment } = yield* Experiments.get(id);
      const { rows } = yield* Metrics.list(id);
      yield* same(
        [experiment.status, rows.map(({ metricValue }) => metricValue).toSorted()],
        ["done", [0.4, 0.9]],
      );
    }),
    "tells failures apart": Effect.gen(function* () {
      const folder = Folders.create({ name: `taken-${unique}` });
      yield* folder;
      yield* same(yield* reasonOf(folder), "Conflict");
      yield* same(yield* reasonOf(Experiments.get("none")), "NotFound");
      yield* same(yield* reasonOf(Experiments.get("")), "InvalidRequest");
      const nan = [{ clientEventId: "a", name: "b", value: Number.NaN }];
      yield* same(yield* reasonOf(Metrics.ingest("none", nan)), "InvalidRequest");
      const wrong = client(`wrong-${unique}`);
      const error = yield* Effect.flip(Effect.provide(Auth.status, wrong, { local: true }));
      yield* same(error.reason._tag, "Unauthorized");
      yield* expect(
        !`${error.message}${JSON.stringify(error)}`.includes(`wrong-${unique}`),
        "no key",
      );
    }),
    "tries again under one key, and sees that it was answered before": Effect.gen(function* () {
      const slug = `retried-${unique}`;
      const { value, response } = yield* Experiments.create({ slug }).pipe(
        ResponseInfo.withResponse,
        RequestPolicy.withRetry(Schedule.recurs(2)),
        by("act-then-503"),
      );
      yield* same(value.experiment.slug, slug);
      yield* same([response?.attempts, response?.replayed], [2, true]);
      const keys = (yield* Effect.promise(seen))
        .filter((headers) => headers["x-marker"] === `act-then-503/${unique}`)
        .map((headers) => headers["idempotency-key"]);
      yield* same([keys.length, new Set(keys).size], [2, 1]);
    }),
    "sends a key that it is given": Effect.gen(function* () {
      const keyed = Effect.map(create("keyed"), ({ id }) => id).pipe(
        IdempotencyKey.withKey(unique),
      );
      yield* same(yield* keyed, yield* keyed);
    }),
    "gives up in time, before an answer and in one": Effect.gen(function* () {
      for (const behaviour of ["stall", "stall-body"]) {
        const reason = yield* reasonOf(
          Auth.status.pipe(
            RequestPolicy.withTimeout("200 millis"),
            RequestPolicy.withRetry(RequestPolicy.noRetry),
            by(behaviour),
          ),
        );
        yield* same([behaviour, reason], [behaviour, "Timeout"]);
      }
    }),
    "aborts what is interrupted": Effect.gen(function* () {
      const marker = `stall/${unique}`;
      const fiber = yield* Effect.forkChild(Experiments.list().pipe(by("stall")));
      yield* Effect.promise(seen).pipe(
        Effect.repeat({
          until: (all) =>
            all.some(({ url, ...headers }) => {
              const marked = headers["x-marker"] === marker;
              return marked && url !== undefined && url.endsWith("/experiments");
            }),
        }),
      );
      yield* Fiber.interrupt(fiber);
      const aborted = Effect.promise(() =>
        fetch(`${origin}/aborted`).then((response) => response.text()),
      );
      yield* aborted.pipe(Effect.repeat({ until: (urls) => urls.includes(marker) }));
    }),
    "follows no redirect": Effect.gen(function* () {
      const error = yield* Effect.flip(Auth.status.pipe(by("redirect")));
      yield* same(error.reason._tag, "Redirected");
      yield* expect(
        (yield* Effect.promise(seen)).every(({ url }) => !url?.includes("redirected")),
        "nobody to be asked at the other end",
      );
    }),
    "tells a lost connection": Effect.gen(function* () {
      const reason = yield* reasonOf(
        Auth.status.pipe(RequestPolicy.withRetry(RequestPolicy.noRetry), by("drop")),
      );
      yield* same(reason, "Transport");
    }),
    "names itself where it may": Effect.gen(function* () {
      yield* Auth.status;
      const agent = (yield* Effect.promise(seen)).findLast(({ url }) =>
        url?.includes("auth/status"),
      )?.["user-agent"];
      yield* expect(
        namesItself === (agent?.startsWith("syvain-metrics-effect/") ?? false),
        `a user agent of ${namesItself ? "ours" : "the runtime's own"}, not ${agent}`,
      );
    }),
    "says in a sentence that there is no saved login here": Effect.gen(function* () {
      const nowhere = Layer.merge(FileSystem.layerNoop({}), Path.layer);
      const error = yield* Effect.flip(
        Effect.provide(ConfigService.ConfigService, ConfigService.layerLocal()),
      ).pipe(Effect.provide(nowhere));
      yield* same(error._tag, "MetricsApiAuthError");
      yield* expect(
        /^The(re is no)? saved login [^\n]*\.$/.test(error.message),
        "a sentence, not " + error.message,
      );
    }),
  };

  const passed: Array<string> = [];
  const failed: Array<string> = [];
  for (const [name, check] of Object.entries(checks)) {
    try {
      await Effect.runPromise(
        check.pipe(Effect.timeout("10 seconds"), Effect.provide(client(apiKey))),
      );
      passed.push(name);
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { passed, failed };
};

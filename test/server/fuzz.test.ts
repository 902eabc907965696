/**
 * Whatever a client sends, the server answers in its envelope, and on every store the same; what it refuses it has kept
 * nothing of.
 *
 * With another seed, or for longer: `FUZZ_SEED=2 FUZZ_COUNT=10000 npx vitest run test/server/fuzz.test.ts`.
 */
import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import * as contract from "../../src/internal/wire/v1/index.ts";
import { makeApp } from "../../src/server/app.ts";
import { groupOf } from "../../src/server/v1/api.ts";
import { Store } from "../../src/server/store.ts";
import { Dice } from "../support/fuzz/dice.ts";
import { fromValue, write } from "../support/fuzz/json.ts";
import { type Document, mutate, short } from "../support/fuzz/mutations.ts";
import { countOr, numbers, seed } from "../support/fuzz/replay.ts";
import { stranger } from "../support/fuzz/strange.ts";
import { implementations } from "../support/stores.ts";

const apiKey = "ak_org_fuzz";

const event = { client_event_id: "1", name: "loss", value: 0.5, step: 1, metadata: { a: "b" } };
const byStep = { axis: "step", direction: "asc" };

/** What each operation is sent when nothing is wrong: `:experiment`, `:folder` and `:key` stand for ids that are there. */
const valid: {
  readonly [K in keyof typeof contract]: {
    readonly query?: Record<string, string>;
    readonly body?: unknown;
  };
} = {
  listFolders: { query: { path: "/a" } },
  createFolder: { body: { name: "a", parent_id: ":folder" } },
  getFolder: {},
  patchFolder: { body: { name: "b", parent_id: null } },
  listExperiments: {
    query: { status: "running", slug: "a", search: "A", from: "0", to: "9", limit: "5" },
  },
  createExperiment: {
    body: { slug: "a", description: "d", metadata: { a: [1, null] }, folder_id: ":folder" },
  },
  getExperiment: {},
  updateExperimentStatus: {
    body: { status: "error", error: { name: "E", detail: "d" }, timestamp_ms: 1 },
  },
  moveExperiment: { body: { folder_id: ":folder" } },
  listMetrics: {
    query: {
      metric_name: "loss",
      metadata_key: "a",
      metadata_value: "b",
      step: "1",
      from_step: "0",
      to_step: "2",
      from_time: "0",
      to_time: "9999999999999",
      sort_by: "step,server_timestamp",
      sort_direction: "desc",
      limit: "3",
      include_experiment_meta_as_of: "true",
    },
  },
  compareMetrics: {
    query: {
      series: '{"experiment_id":":experiment","metric_name":"loss","metadata_key":"a"}',
      sort_by: "series,client_timestamp",
      limit: "3",
    },
  },
  ingestMetrics: {
    query: { sync: "true" },
    body: { data: [event, { ...event, client_event_id: "2", timestamp_ms: 1 }] },
  },
  listMetricCatalog: { query: { limit: "2" } },
  inspectMetricCatalogValues: { query: { key: "a", limit: "2" } },
  querySeries: {
    body: {
      series: [
        {
          experimentId: ":experiment",
          metricName: "loss",
          metadataFilter: [{ key: "a", value: "b" }],
        },
      ],
      order: byStep,
      stream: false,
    },
  },
  queryMetricCatalog: { body: { experimentIds: [":experiment"] } },
  listIngestionKeys: {},
  createIngestionKey: { body: { name: "k", ttl_ms: 1000 } },
  revokeIngestionKey: {},
  listAnnotations: { query: { from: "0", to: "9999999999999", limit: "2" } },
  createAnnotation: { body: { annotation: "a", metadata: { a: { b: 1 } } } },
  authStatus: {},
};

const names = Object.keys(contract) as ReadonlyArray<keyof typeof contract>;
/** Each has its turn. */
const groups = [...new Set(names.map((name) => groupOf(contract[name])))];

interface Ids {
  readonly experiment: string;
  readonly folder: string;
  readonly key: string;
  readonly token: string;
}

/** Text in place of a text: as it is, of another kind, or strange. */
const strangeText = (text: string, dice: Dice): string =>
  dice.chance(0.7) ? text : write(stranger(dice, apiKey)).replace(/^"(.*)"$/s, "$1");

interface Sent {
  readonly method: (typeof contract)[keyof typeof contract]["method"];
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

const requestOf = (group: string, dice: Dice, ids: Ids): Sent => {
  const name = dice.pick(names.filter((name) => groupOf(contract[name]) === group));
  const { method, path, auth, generation } = contract[name];
  const { query = {}, body } = valid[name];
  const known = (text: string) =>
    text
      .replaceAll(":experiment", ids.experiment)
      .replaceAll(":folder", ids.folder)
      .replaceAll(":key", ids.key);
  const here: Record<string, string> = {
    experiment_id: ids.experiment,
    folder_id: ids.folder,
    key_id: ids.key,
    metric_name: "loss",
  };
  const filled = path.replaceAll(/:(\w+)/g, (_, param: string) => {
    const text = strangeText(here[param] ?? "loss", dice);
    return encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/g, "?"));
  });
  const search = new URLSearchParams();
  for (const [field, value] of Object.entries(query)) {
    if (dice.chance(0.5)) search.append(field, strangeText(known(value), dice));
  }
  const document: Document = { root: fromValue(body ?? {}), steps: [], harmless: true };
  mutate(document, dice, apiKey);
  const bearer = auth === "apiKey" ? apiKey : ids.token;
  return {
    method,
    url: `https://metrics.test${generation.basePath}${filled}${search.size === 0 ? "" : `?${search}`}`,
    headers: {
      authorization: `Bearer ${dice.chance(0.98) ? bearer : dice.pick([apiKey, ids.token, "no"])}`,
      ...(dice.chance(0.3) ? { "idempotency-key": `${dice.int(40)}` } : {}),
    },
    body: body === undefined && dice.chance(0.9) ? undefined : known(write(document.root)),
  };
};

/** What must hold of an answer; what does not, in words. */
const wrong = (status: number, type: string, text: string): string | undefined => {
  if (status >= 500) return "the server failed";
  if (status < 300 && type.includes("ndjson")) return undefined;
  if (!type.startsWith("application/json")) return `it is ${type}`;
  const json = JSON.parse(text);
  if (Object.keys(json).join() !== "data,error") return "it has no envelope";
  return status < 300 === (json.error === null) ? undefined : "it is and is not a failure";
};

/** Of each group. */
const count = countOr(300) * groups.length;

/** The statuses of the first store. */
let expected: ReadonlyArray<number> | undefined;

describe(`${count} strange requests, seed ${seed}`, () => {
  for (const implementation of implementations) {
    it.live(`on ${implementation.name}: always an answer in its envelope`, () =>
      Effect.gen(function* () {
        const store = Context.get(yield* Layer.build(implementation.layer), Store);
        const { answer } = yield* makeApp({
          isApiKey: (bearer) => bearer === apiKey,
          organization: { id: "o", name: "o" },
          ingestionKeyTtl: Duration.days(1),
        }).pipe(Effect.provideService(Store, store));
        const send = ({ method, url, headers, body }: Sent) =>
          Effect.gen(function* () {
            const request = HttpClientRequest.make(method)(url).pipe(
              body === undefined
                ? (request) => request
                : HttpClientRequest.bodyText(body, "application/json"),
              HttpClientRequest.setHeaders(headers),
            );
            const response = HttpServerResponse.toClientResponse(
              yield* Effect.provideService(
                answer,
                HttpServerRequest.HttpServerRequest,
                HttpServerRequest.fromClientRequest(request),
              ),
              { request },
            );
            const type = response.headers["content-type"] ?? "";
            return { status: response.status, type, text: yield* response.text };
          }).pipe(Effect.scoped);
        const post = (path: string, body: unknown) =>
          send({
            method: "POST",
            url: `https://metrics.test/api/v1${path}`,
            headers: { authorization: `Bearer ${apiKey}` },
            body: JSON.stringify(body),
          }).pipe(Effect.map(({ text }) => JSON.parse(text).data));

        const { folder } = yield* post("/folders", { name: "a" });
        const { experiment } = yield* post("/experiments", { slug: "a" });
        const keys = `/experiments/${experiment.id}/ingestion-keys`;
        const spare = yield* post(keys, { name: "spare" });
        const minted = yield* post(keys, { name: "k" });
        const ids: Ids = {
          experiment: experiment.id,
          folder: folder.folder_id,
          key: spare.key.id,
          token: minted.token,
        };
        /** How many events of the experiment there are. */
        const stored = Effect.map(store.series(experiment.id, undefined), (all) =>
          all.reduce((sum, { count }) => sum + count, 0),
        );
        const statuses: Array<number> = [];
        for (const n of numbers(count)) {
          const sent = requestOf(groups[n % groups.length]!, new Dice(`${seed}/${n}`), ids);
          const before = yield* stored;
          const { status, type, text } = yield* send(sent);
          const isKept = (yield* stored) !== before;
          const complaint =
            wrong(status, type, text) ??
            (isKept && status >= 400 ? "it has kept a part of what it refused" : undefined);
          if (complaint !== undefined) {
            assert.fail(
              `case ${n} of seed ${seed}: ${complaint}\n${sent.method} ${sent.url}\n${short(sent.body ?? "")}\n${status} ${text}`,
            );
          }
          statuses.push(status);
          if (expected !== undefined) {
            const what = `case ${n} of seed ${seed}: ${sent.method} ${sent.url}\n${sent.body}\n${text}`;
            assert.strictEqual(status, expected[statuses.length - 1], what);
          }
        }
        // Or nothing was tried.
        const right = statuses.filter((status) => status < 300).length;
        if (count > 100) assert.isTrue(right > count / 10 && right < count);
        expected ??= statuses;
      }).pipe(Effect.scoped),
    );
  }
});

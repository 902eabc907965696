/** What the service's own clients send, as recorded from them, argument by argument: ours sends the same. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import { version } from "../../src/internal/base/version.ts";
import { isId } from "../../src/internal/wire/schema.ts";
import * as contract from "../../src/internal/wire/v1/index.ts";
import { bodyOf, ingestionKey, keyOf } from "../support/sample-data.ts";
import { layerClient, serve, type Turn } from "../support/socket.ts";
import { pythonCall } from "./python.ts";

interface RecordedRequest {
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly query: ReadonlyArray<readonly [string, string]>;
  readonly body: unknown;
  readonly headers: { readonly [name: string]: string | null };
}

interface Entry {
  readonly call: string;
  readonly args: { readonly [name: string]: unknown };
  readonly client_options?: { readonly ingestion_key_name?: string };
  readonly request: RecordedRequest | null;
  readonly requests_before?: ReadonlyArray<RecordedRequest>;
  readonly raises?: {
    readonly class: string;
    readonly retryable?: boolean;
    readonly errors?: ReadonlyArray<{ readonly loc: ReadonlyArray<string>; readonly type: string }>;
  };
  readonly result?: unknown;
  /** What the server streamed. */
  readonly server_lines?: ReadonlyArray<unknown>;
  /** The calls of one client, in order. */
  readonly sequence?: {
    readonly client: string;
    readonly n: number;
    readonly minted_key_expires_in_ms: number | "<far>";
  };
}

type Outcome = "value" | "refused" | "request error" | "response error";

/** What is compared. */
interface Expected {
  readonly requests: ReadonlyArray<RecordedRequest>;
  readonly outcome: Outcome;
  readonly retryable?: boolean | undefined;
  readonly result?: unknown;
}

const recorded = ({ request, requests_before = [], raises, result }: Entry): Expected => ({
  requests: [...requests_before, ...(request === null ? [] : [request])],
  outcome:
    raises === undefined
      ? "value"
      : raises.class === "MetricsApiRequestError"
        ? "request error"
        : raises.class === "MetricsApiResponseError"
          ? "response error"
          : // Whatever else Python raises, it raises before it sends.
            "refused",
  retryable: raises?.retryable,
  result,
});

// -----------------------------------------------------------------------------
// Differences
// -----------------------------------------------------------------------------

type Release = "0.0.62" | "0.0.349";

interface Difference {
  readonly reason: string;
  readonly applies?: (entry: Entry, release: Release) => boolean;
  /** What is expected of us instead; nothing where either is right. */
  readonly ours: (expected: Expected) => Expected | undefined;
}

const refused = (): Expected => ({ requests: [], outcome: "refused" });

const eachRequest =
  (change: (request: RecordedRequest) => Partial<RecordedRequest>) => (expected: Expected) => ({
    ...expected,
    requests: expected.requests.map((request) => ({ ...request, ...change(request) })),
  });

const headers = (change: (request: RecordedRequest) => RecordedRequest["headers"]) =>
  eachRequest((request) => ({ headers: { ...request.headers, ...change(request) } }));

/** Every value in the arguments, with the names that lead there. */
const valuesIn = (args: unknown, path = ""): ReadonlyArray<readonly [path: string, unknown]> => {
  // What the user puts there is the user's.
  const inside: ReadonlyArray<readonly [string, unknown]> = path.endsWith(".metadata")
    ? []
    : Array.isArray(args)
      ? args.map((one) => [`${path}[]`, one])
      : Predicate.isObject(args)
        ? Object.entries(args).map(([name, value]) => [`${path}.${name}`, value])
        : [];
  return [[path, args], ...inside.flatMap(([path, value]) => valuesIn(value, path))];
};

const isText = Predicate.isString;
const isInteger = Number.isSafeInteger;
const isInstant = (value: unknown) => isInteger(value) && Math.abs(Number(value)) <= 8.64e15;

/** The types of arguments, which Python does not always mind. */
const types: ReadonlyArray<readonly [path: RegExp, is: (value: unknown) => boolean]> = [
  [/\.(step|from_step|to_step|limit|ttl_ms)$/, isInteger],
  [/\.((timestamp|from|to)_ms|from_time|to_time)$/, isInstant],
  [/^\.data\[\]\.value$/, Predicate.isNumber],
  [/\.(sync|include_experiment_meta_as_of)$/, Predicate.isBoolean],
  [/^\.(status|slug|search|path)$|^\.key\[\]$/, isText],
  [/\.(metric_name|metadata_key|metadata_value|metadata_value_json)$/, isText],
  [/^\.sort_direction$/, (value) => value === "asc" || value === "desc"],
  [
    /^\.sort_by\[\]$/,
    (value) => /^(series|step|client_timestamp|server_timestamp)$/.test(String(value)),
  ],
  [/^\.(data|series|sort_by|experiment_ids)$/, Array.isArray],
  [/^\.key$/, (value) => Array.isArray(value) || isText(value)],
  [/\.metadata$/, Predicate.isObject],
];

const isIllTyped = ({ args, call }: Entry): boolean =>
  valuesIn(args).some(
    ([path, value]) =>
      value !== null && types.some(([pattern, is]) => pattern.test(path) && !is(value)),
  ) ||
  // It is nothing that the rows of one experiment can be sorted by.
  (call === "list_metrics" && [args["sort_by"]].flat().includes("series"));

/** What Python counts in characters, and we in UTF-16 units. */
const lengths: ReadonlyArray<readonly [path: RegExp, max: number]> = [
  [/^\.(name|slug)$|\.client_event_id$/, 200],
  [/^\.(data\[\]|error)\.name$/, 500],
  [/^\.description$/, 4_000],
  [/^\.error\.detail$/, 8_000],
  [/^\.annotation$/, 16_000],
];

const isLongInUnits = ({ args, call }: Entry): boolean =>
  !call.startsWith("list_") &&
  valuesIn(args).some(
    ([path, value]) =>
      isText(value) && lengths.some(([pattern, max]) => pattern.test(path) && value.length > max),
  );

/** The calls that later releases check for more. */
const narrower = ["ingest_metrics", "list_annotations", "list_experiments", "query_metric_series"];

/** All that differs on purpose, and why. */
export const differences: ReadonlyArray<Difference> = [
  {
    reason: "how bytes are framed is up to the transport",
    ours: eachRequest(({ headers }) => ({
      headers: Object.fromEntries(
        Object.entries(headers).filter(
          ([name]) => !/^(accept-encoding|connection|content-encoding)$/.test(name),
        ),
      ),
    })),
  },
  {
    reason: "Content-Type goes only with a body",
    ours: headers(({ body }): RecordedRequest["headers"] =>
      body === null ? { "content-type": null } : {},
    ),
  },
  {
    reason: "we give our own name, as later releases of the service's client give theirs",
    ours: headers(() => ({
      "user-agent": `syvain-metrics-effect/${version}`,
      "x-syvain-client": "syvain-metrics-effect",
      "x-syvain-client-version": version,
    })),
  },
  {
    reason: "an ingest carries an Idempotency-Key, as in 0.0.62; 0.0.349 sends none",
    applies: ({ call }, release) => release === "0.0.349" && call === "ingest_metrics",
    ours: headers(({ path }): RecordedRequest["headers"] =>
      path.endsWith("/ingest") ? { "idempotency-key": "<present>" } : {},
    ),
  },
  {
    reason: "series are always asked for as a stream, of which one can see that it is whole",
    applies: ({ call }) => call === "query_metric_series",
    ours: eachRequest(({ body, headers }) => ({
      headers: { ...headers, accept: "application/vnd.syvain.metric-series+ndjson" },
      body: Predicate.isObject(body) ? { ...body, stream: true } : body,
    })),
  },
  {
    reason: "a path of an experiment's page is made a URL on the host",
    applies: ({ result }) => JSON.stringify(result ?? null).includes('"url":"/'),
    ours: ({ result, ...expected }) => ({
      ...expected,
      result: JSON.parse(JSON.stringify(result).replaceAll('"url":"/', '"url":"<host>/')),
    }),
  },
  {
    reason:
      'an id is not empty, not "." or "..", which lead to another path, and well-formed Unicode',
    applies: ({ args }) =>
      valuesIn(args).some(
        ([path, value]) =>
          /\.((experiment|folder|parent|key)_id|experimentId|experiment_ids\[\]|metric)$/.test(
            path,
          ) &&
          isText(value) &&
          !isId(value),
      ),
    ours: refused,
  },
  {
    reason: "a number is a number, whole and not beyond 2^53; an order is a list of a few words",
    applies: isIllTyped,
    ours: refused,
  },
  {
    reason: "a step that is left out is none",
    applies: ({ raises }) =>
      raises?.errors?.every(({ loc, type }) => loc[0] === "step" && type === "missing") === true,
    ours: () => undefined,
  },
  {
    reason: "annotation metadata has the limit of later releases",
    applies: ({ args, call }) =>
      call === "create_annotation" &&
      Buffer.byteLength(JSON.stringify(args["metadata"] ?? null)) > 65_536,
    ours: refused,
  },
  {
    reason: "lengths are counted in UTF-16 units, as the service counts them",
    applies: isLongInUnits,
    ours: refused,
  },
  {
    reason: "what only later releases refuse is for the service to refuse",
    applies: ({ call, raises }, release) =>
      release === "0.0.349" &&
      narrower.includes(call) &&
      raises !== undefined &&
      (raises.errors ?? []).every(({ type }) =>
        /^(value_error|less_than_equal|string_unicode)$/.test(type),
      ),
    ours: () => undefined,
  },
];

const expectedOf = (entry: Entry, release: Release): Expected | undefined =>
  differences
    .filter(({ applies }) => applies?.(entry, release) ?? true)
    .reduce<Expected | undefined>(
      (expected, { ours }) => (expected === undefined ? undefined : ours(expected)),
      recorded(entry),
    );

// -----------------------------------------------------------------------------
// Ours
// -----------------------------------------------------------------------------

const retryNow = Schedule.recurs(2);
const far = 10 * 24 * 3_600_000;

/** JSON has no -0, and Python writes what is beyond ASCII in its own way. */
const plain = (json: unknown): unknown => JSON.parse(JSON.stringify(json));

const shown = (turn: Turn, tokens: ReadonlyMap<string, string>): RecordedRequest => {
  const [path = "", query] = turn.path.split("?");
  const { authorization = "", ...headers } = turn.headers;
  const [, experiment] = /^\/api\/v1\/experiments\/([^/]+)/.exec(path) ?? [];
  return {
    method: turn.method,
    path,
    query: Array.from(new URLSearchParams(query)),
    body: turn.body === "" ? null : JSON.parse(turn.body),
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`])),
      authorization: authorization
        .replace("Bearer api-key", "Bearer <api key>")
        .replace(`Bearer ${tokens.get(experiment ?? "")}`, "Bearer <ingestion token>"),
      ...(turn.headers["idempotency-key"] === undefined ? {} : { "idempotency-key": "<present>" }),
    },
  };
};

const comparable = ({ method, path, query, body, headers }: RecordedRequest) => ({
  method,
  path,
  // JSON may be spelt in several ways, and an integer as 2.0.
  query: query.map(([name, value]) => [
    name,
    name === "series" ? JSON.parse(value) : value.replace(/^(-?\d+)\.0$/, "$1"),
  ]),
  body: plain(body),
  headers,
});

const outcomeOf = (result: Result.Result<unknown, MetricsApiError>): Outcome => {
  if (Result.isSuccess(result)) return "value";
  const { failure } = result;
  if (failure._tag === "MetricsApiResponseError") return "response error";
  return failure.reason._tag === "InvalidRequest" ? "refused" : "request error";
};

/** As the wire has it. */
const encoded = (key: keyof typeof contract, value: unknown): unknown =>
  key === "querySeries" ? value : Schema.encodeUnknownSync(contract[key].success)(value);

const isDown = ({ raises, server_lines, request }: Entry): boolean =>
  request !== null && raises?.class === "MetricsApiRequestError" && server_lines === undefined;

/** The body of an answer to a call. */
const answer = ({ server_lines, result }: Entry, { method, path }: Turn): string => {
  if (server_lines !== undefined) {
    return server_lines.map((line) => `${isText(line) ? line : JSON.stringify(line)}\n`).join("");
  }
  const key = keyOf(method, path);
  if (key === "querySeries" && Array.isArray(result)) {
    const rowCount = result.reduce((rows, { data }) => rows + data.value.length, 0);
    const end = { kind: "complete", batchCount: result.length, rowCount };
    return bodyOf(key, [...result, end]);
  }
  return bodyOf(key, result);
};

/** Plays the calls of one client against a server that answers each as it should. */
const play = (entries: ReadonlyArray<Entry>, release: Release) =>
  Effect.gen(function* () {
    let current = entries[0]!;
    const tokens = new Map<string, string>();
    const server = yield* serve((turn) => {
      const { method, n, path, response } = turn;
      if (isDown(current)) return void response.writeHead(503).end();
      if (method !== "POST" || !path.endsWith("/ingestion-keys")) {
        return void response.end(answer(current, turn));
      }
      const token = `ik_${n}`;
      // A key that was asked for by name is not the one that is cached.
      if (current.call !== "create_ingestion_key") tokens.set(path.split("/")[4]!, token);
      const expiresIn = current.sequence?.minted_key_expires_in_ms ?? "<far>";
      const expires_at_ms = Date.now() + (expiresIn === "<far>" ? far : expiresIn);
      const key = { ...ingestionKey, id: `key-${n}`, expires_at_ms, revoked_at_ms: null };
      response.end(bodyOf("createIngestionKey", { key, token }));
    });
    const client = layerClient("fetch", server, {
      retry: retryNow,
      ingestionKeyName: entries[0]!.client_options?.ingestion_key_name,
    });
    yield* Effect.gen(function* () {
      for (const entry of entries) {
        current = entry;
        const before = server.seen.length;
        const result = yield* Effect.result(pythonCall(entry.call, entry.args));
        const sent = server.seen.slice(before);
        const expected = expectedOf(entry, release);
        if (expected === undefined) continue;
        const what = `${entry.call}(${JSON.stringify(entry.args).slice(0, 300)})`;
        const { requests, outcome, retryable } = expected;
        assert.strictEqual(outcomeOf(result), outcome, what);
        assert.deepStrictEqual(
          sent.map((turn, i) => {
            const request = comparable(shown(turn, tokens));
            const names = Object.keys(requests[i]?.headers ?? {});
            const headers = names.map((name) => [name, request.headers[name] ?? null]);
            return { ...request, headers: Object.fromEntries(headers) };
          }),
          requests.map(comparable),
          what,
        );
        if (Result.isFailure(result)) {
          const { failure } = result;
          if (retryable !== undefined && failure._tag === "MetricsApiRequestError") {
            assert.strictEqual(failure.retryable, retryable, what);
          }
        } else if (expected.result !== undefined) {
          const { method, path } = sent.at(-1)!;
          const value = JSON.stringify(encoded(keyOf(method, path), result.success));
          assert.deepStrictEqual(
            JSON.parse(value.replaceAll(server.origin, "<host>")),
            expected.result,
            what,
          );
        }
      }
    }).pipe(Effect.provide(client));
  });

const groupBy = <A>(all: ReadonlyArray<A>, nameOf: (one: A) => string) => {
  const groups = new Map<string, Array<A>>();
  for (const one of all) groups.set(nameOf(one), [...(groups.get(nameOf(one)) ?? []), one]);
  return groups;
};

for (const release of ["0.0.62", "0.0.349"] as const) {
  const file = new URL(`../fixtures/requests-${release}.json`, import.meta.url);
  const entries: ReadonlyArray<Entry> = JSON.parse(readFileSync(file, "utf8"));
  const single = entries.filter(({ sequence }) => sequence === undefined);
  const inARow = entries
    .filter(({ sequence }) => sequence !== undefined)
    .toSorted((a, b) => a.sequence!.n - b.sequence!.n);

  describe(`the requests of ${release}`, () => {
    for (const [call, ofCall] of groupBy(single, ({ call }) => call)) {
      it.live(call, () =>
        Effect.forEach(ofCall, (entry) => play([entry], release), { discard: true }),
      );
    }
    for (const [client, ofClient] of groupBy(inARow, ({ sequence }) => sequence!.client)) {
      it.live(`in a row, of ${client}`, () => play(ofClient, release));
    }
  });
}

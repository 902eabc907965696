/** An id is one segment of the path, whatever it holds, as far as the server at the other end of the socket. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { assert, describe, it, layer } from "@effect/vitest";
import * as Arbitrary from "effect/Arbitrary";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type { HttpClient } from "effect/http/HttpClient";
import * as Annotations from "../../src/Annotations.ts";
import type * as ConfigService from "../../src/ConfigService.ts";
import * as Experiments from "../../src/Experiments.ts";
import * as Folders from "../../src/Folders.ts";
import type * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import * as IngestionKeys from "../../src/IngestionKeys.ts";
import * as Metrics from "../../src/Metrics.ts";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import type { Operation, ParamNames } from "../../src/internal/wire/operation.ts";
import { noRetry, withRetry } from "../../src/RequestPolicy.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";
import { type Asked, layerAnswering } from "../support/answering.ts";
import { type AnyOperation, answerToAll } from "../support/socket-calls.ts";

/** The request targets that a real server was asked for, as they stood on the wire. */
class Targets extends Context.Service<Targets, Array<string>>()("test/Targets") {}

const listening = Effect.acquireRelease(
  Effect.callback<{ readonly targets: Array<string>; readonly host: string; close: () => void }>(
    (resume) => {
      const targets: Array<string> = [];
      const server = createServer((request, response) => {
        targets.push(request.url!);
        response.writeHead(200).end(answerToAll());
      });
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo;
        const close = () => server.close().closeAllConnections();
        resume(Effect.succeed({ targets, host: `http://127.0.0.1:${port}`, close }));
      });
    },
  ),
  ({ close }) => Effect.sync(close),
);

const live = Layer.unwrap(
  Effect.map(listening, ({ targets, host }) =>
    Layer.merge(SyvainMetrics.layer({ apiKey: "k", host }), Layer.succeed(Targets, targets)),
  ),
).pipe(Layer.orDie);

const transports = { fetch: FetchHttpClient.layer, undici: NodeHttpClient.layerUndici };

/** A lone surrogate does not survive UTF-8. */
const isId = (id: string) => id !== "." && id !== ".." && Buffer.from(id).toString() === id;

/** Ids of what URLs, paths and HTTP give a meaning to, among other characters. */
const hostile = Schema.NonEmptyArray(
  Schema.Literals([
    "/",
    "\\",
    "..",
    ".",
    "%",
    "%2F",
    "%2e",
    "?",
    "#",
    "&",
    "=",
    ";",
    ":",
    "@",
    "//",
    "+",
    " ",
    "\t",
    "\r\n",
    "\u0000",
    "\u007f",
    "\ufeff",
    "\u2028",
    "é",
    "e\u0301",
    "😀",
    "~",
    "!'()*",
    "$,",
    "<",
    "api",
    "v1",
  ]),
).pipe(
  Arbitrary.schema,
  Arbitrary.map((parts) => parts.join("")),
  Arbitrary.filter(isId),
);

const any = Schema.NonEmptyString.pipe(Arbitrary.schema, Arbitrary.filter(isId));

const expectTarget = (target: string | undefined, ...ids: ReadonlyArray<string>) => {
  // The unreserved characters of RFC 3986 2.3 alone stand as they are.
  assert.match(target ?? "", /^(\/([A-Za-z0-9\-._~]|%[0-9A-F]{2})+)+$/);
  const segments = target!.split("/");
  const own = ["", "api", "v1", "experiments", ids[0]!, "ingestion-keys", ids[1]!];
  assert.deepStrictEqual(segments.map(decodeURIComponent), own);
};

for (const [name, client] of Object.entries(transports)) {
  describe(name, () => {
    layer(Layer.provideMerge(live, client), { excludeTestServices: true })((it) => {
      const arrive = (a: string, b: string) =>
        Effect.gen(function* () {
          const targets = yield* Targets;
          targets.length = 0;
          yield* IngestionKeys.revoke(a, b);
          assert.lengthOf(targets, 1);
          expectTarget(targets[0], a, b);
        });

      it.effect.prop("any two ids are one segment each", [any, any], ([a, b]) => arrive(a, b), {
        arbitrary: { runs: 100, maxDiscards: 10_000 },
      });

      it.effect.prop("of hostile characters, too", [hostile, hostile], ([a, b]) => arrive(a, b), {
        arbitrary: { runs: 200, maxDiscards: 10_000 },
      });

      it.effect.each([
        ["../..", "..%2f.."],
        ["%2e%2e", "%2e"],
        ["...", ".\u0000"],
        ["a/../../b", "/"],
        ["?x=1#y", "#"],
        ["http://evil.com/", "//evil.com"],
        ["\\..\\..", "%5c"],
        ["a\r\nHost: evil.com", "\r\n\r\n"],
        ["x".repeat(4000), "%"],
      ] as const)("%j and %j", ([a, b]) => arrive(a, b));
    });
  });
}

type Call = (
  id: string,
) => Effect.Effect<
  unknown,
  MetricsApiError,
  ConfigService.ConfigService | HttpClient | IngestionKeyCache.IngestionKeyCache
>;

/** Every argument that becomes a segment. */
type Place<O> = O extends Operation ? `${O["name"]} ${ParamNames<O["path"]>}` : never;
const places: Record<Place<AnyOperation>, Call> = {
  "Folders.get folder_id": (id) => Folders.get(id),
  "Folders.patch folder_id": (id) => Folders.patch(id, { name: "n" }),
  "Folders.rename folder_id": (id) => Folders.rename(id, "n"),
  "Folders.move folder_id": (id) => Folders.move(id, null),
  "Experiments.get experiment_id": (id) => Experiments.get(id),
  "Experiments.updateStatus experiment_id": (id) => Experiments.updateStatus(id, "done"),
  "Experiments.move experiment_id": (id) => Experiments.move(id, null),
  "Metrics.list experiment_id": (id) => Metrics.list(id),
  "Metrics.ingest experiment_id": (id) => Metrics.ingest(id, []),
  "Metrics.listCatalog experiment_id": (id) => Metrics.listCatalog(id),
  "Metrics.inspectCatalogValues experiment_id": (id) => Metrics.inspectCatalogValues(id, "m"),
  "Metrics.inspectCatalogValues metric_name": (name) => Metrics.inspectCatalogValues("e", name),
  "IngestionKeys.list experiment_id": (id) => IngestionKeys.list(id),
  "IngestionKeys.create experiment_id": (id) => IngestionKeys.create(id),
  "IngestionKeys.revoke experiment_id": (id) => IngestionKeys.revoke(id, "k"),
  "IngestionKeys.revoke key_id": (id) => IngestionKeys.revoke("e", id),
  "Annotations.list experiment_id": (id) => Annotations.list(id),
  "Annotations.create experiment_id": (id) => Annotations.create(id, { annotation: "t" }),
};

const inTypeScript: Record<string, string> = {
  folder_id: "folderId",
  experiment_id: "experimentId",
  metric_name: "metricName",
  key_id: "keyId",
};
const calls = Object.entries(places).map(([place, call]) => {
  const [name = "", wireName = ""] = place.split(" ");
  return [name, inTypeScript[wireName]!, call] as const;
});

describe("what cannot be a segment is refused by the name of the argument, and nothing is sent", () => {
  const notIds = ["", ".", "..", "\ud800", "a\udc00b", "\udc00\ud800"];
  for (const [name, argument, call] of calls) {
    it.effect(`${argument} of ${name}`, () =>
      Effect.gen(function* () {
        const asked: Array<Asked> = [];
        for (const id of notIds) {
          const error = yield* Effect.flip(call(id)).pipe(
            Effect.provide(layerAnswering(() => Response.json({}), { asked })),
          );
          assert(error._tag === "MetricsApiRequestError");
          assert(error.reason._tag === "InvalidRequest", JSON.stringify(id));
          assert.strictEqual(error.operation, name);
          assert.deepStrictEqual(error.reason.path, [argument]);
          assert.include(error.message, argument);
          assert.strictEqual(error.attempts, 0);
        }
        assert.isEmpty(asked);
      }),
    );

    it.effect(`any other ${argument} of ${name} is one segment`, () =>
      Effect.gen(function* () {
        const asked: Array<Asked> = [];
        const id = "../a b/%2F?x#y\\é😀";
        yield* Effect.ignore(withRetry(call(id), noRetry)).pipe(
          Effect.provide(layerAnswering(() => new Response(null, { status: 400 }), { asked })),
        );
        assert.lengthOf(asked, 1);
        const { pathname, search, hash } = asked[0]!.url;
        assert.include(pathname.split("/").map(decodeURIComponent), id);
        assert.deepStrictEqual([search, hash], ["", ""]);
      }),
    );
  }
});

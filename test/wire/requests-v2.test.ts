/** What the service's own v2 client sends, as recorded from it, call by call: ours sends the same. */
import { assert, it } from "@effect/vitest";
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Layer from "effect/Layer";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as Scope from "effect/Scope";
import { version } from "../../src/internal/base/version.ts";
import type { MetricsApiError } from "../../src/internal/base/errors.ts";
import { foldersOf } from "../../src/internal/events/tree.ts";
import * as Auth from "../../src/v2/Auth.ts";
import * as Events from "../../src/v2/Events.ts";
import * as Experiments from "../../src/v2/Experiments.ts";
import * as Folders from "../../src/v2/Folders.ts";
import * as Runs from "../../src/v2/Runs.ts";
import * as Series from "../../src/v2/Series.ts";
import { serve, type Turn } from "../support/socket.ts";
import {
  type Entry,
  type Envelope,
  envelopesOf,
  layerV2,
  ndjson,
  type RecordedRequest,
  recordedRequests,
  usualBody,
} from "../support/v2.ts";

// -----------------------------------------------------------------------------
// Differences
// -----------------------------------------------------------------------------

const treeRead = "syvain.v2.foldertree.read";

const isTreeRead = (body: RecordedRequest["body"]): boolean =>
  Array.isArray(body) && (body as ReadonlyArray<Envelope>)[0]?.event === treeRead;

/** All that differs on purpose. */
const differences = {
  "how bytes are framed is up to the transport": ({ headers, ...request }: RecordedRequest) => ({
    ...request,
    headers: Object.fromEntries(
      Object.entries(headers).filter(([name]) => !/^(accept-encoding|connection)$/.test(name)),
    ),
  }),
  "we give our own name": ({ headers, ...request }: RecordedRequest) => ({
    ...request,
    headers: {
      ...headers,
      "user-agent": `syvain-metrics-effect/${version}`,
      "x-syvain-client": "syvain-metrics-effect",
      "x-syvain-client-version": version,
    },
  }),
};

/**
 * The tree is read by each call that needs it, and not kept; what was changed is not read again. What else is sent is
 * compared.
 */
const withoutTreeReads = (requests: ReadonlyArray<RecordedRequest>) =>
  requests.filter(({ body }) => !isTreeRead(body));

/** Calls that are refused before anything is sent, and how they end here. */
const endings: { readonly [call: string]: string } = {
  // The root is no folder here, and has no id.
  "folder('/').rename": "InvalidRequest",
  make_folder: "InvalidRequest",
  folder: "NotFound",
  open_experiment: "NotFound",
  "run.metric": "InvalidRequest",
};

// -----------------------------------------------------------------------------
// The calls
// -----------------------------------------------------------------------------

type Args = { readonly [name: string]: unknown };
type Call = (
  args: Args,
  world: World,
) => Effect.Effect<unknown, MetricsApiError, Layer.Success<ReturnType<typeof layerV2>>>;

/** The run that is open. */
interface World {
  run: Runs.Run | undefined;
  scope: Scope.Closeable | undefined;
}

const the = (args: Args, name: string): never => args[name] as never;
const iso = (time: DateTime.Utc | null) =>
  time &&
  DateTime.formatIso(time).replace(/\.(\d{3})Z$/, (_, ms) => (ms === "000" ? "Z" : `.${ms}000Z`));

const asFolder = ({ folderId, name, parentId, path }: Folders.Folder) => ({
  id: folderId,
  name,
  parent_id: parentId,
  path,
});
const asExperiment = ({ experimentId, folderId, path, slug }: Experiments.ExperimentEntry) => ({
  folder_id: folderId,
  folder_path: path.slice(0, -slug.length - 1) || "/",
  id: experimentId,
  slug,
});

const folderAt = (ref: string) =>
  Effect.map(Folders.tree, (tree) =>
    foldersOf(tree).find(
      ({ folderId, path }) =>
        folderId === ref || path === `/${ref.split("/").filter(Boolean).join("/")}`,
    ),
  );
const idAt = (ref: string) =>
  ref === "/"
    ? Effect.succeed(null)
    : Effect.map(folderAt(ref), (folder) => folder?.folderId ?? "nowhere");

const point = ({ name, value, step, metadata, timestamp_ms: ms }: Args): never =>
  ({
    name,
    value: typeof value === "string" ? Number(value.replace(/^<float (.*)>$/, "$1")) : value,
    step,
    ...(metadata === undefined ? {} : { metadata }),
    ...(typeof ms === "number" ? { timestamp: DateTime.makeUnsafe(ms) } : {}),
  }) as never;

const pointsOf = (points: unknown): ReadonlyArray<never> =>
  points === "<2500 points>"
    ? Array.from({ length: 2500 }, (_, step) => point({ name: "loss", value: 0.5, step }))
    : (points as ReadonlyArray<Args>).map(point);

const open = (args: Args, world: World) =>
  Effect.gen(function* () {
    const { slug, description, meta, folder } = args;
    const scope = yield* Scope.make();
    const run = yield* Runs.open({
      slug: slug as string,
      ...(description === undefined ? {} : { description: description as string }),
      ...(meta === undefined ? {} : { meta: meta as never }),
      ...(folder === undefined ? {} : { folder: folder as string }),
    }).pipe(Scope.provide(scope));
    world.run = run;
    world.scope = scope;
    return "<ExperimentRun>";
  });

const onRun =
  (f: (run: Runs.Run, args: Args) => Effect.Effect<unknown, MetricsApiError>): Call =>
  (args, { run }) =>
    f(run!, args);

/** What cannot be sent is left out, as Python does. */
const collect = { onInvalid: "collect", concurrency: 1 } as const;

const onExperiment =
  (f: (experimentId: string, args: Args) => ReturnType<Call>): Call =>
  (args) =>
    f("exp-1", args);

const calls: { readonly [call: string]: Call } = {
  auth_status: () =>
    Effect.map(Auth.status, ({ auth, organization }) => ({ kind: auth.kind, organization })),
  folder: (args) =>
    Effect.map(folderAt(the(args, "ref")), (folder) =>
      args["ref"] === "/"
        ? { id: null, name: "", parent_id: null, path: "/" }
        : folder && asFolder(folder),
    ),
  "folder('/').folders": () => Effect.map(Folders.tree, ({ folders }) => folders.map(asFolder)),
  "folder('/models').experiments": () =>
    Effect.map(folderAt("/models"), (folder) => folder?.experiments.map(asExperiment)),
  "folder('/').experiments": (args) =>
    Effect.map(Experiments.list(the(args, "pattern")), ({ experiments }) =>
      experiments.map(asExperiment),
    ),
  experiments: () =>
    Effect.map(Experiments.list(), ({ experiments }) => experiments.map(asExperiment)),
  experiment: (args) =>
    Effect.map(Experiments.find(the(args, "ref")), ({ experiment }) => asExperiment(experiment)),
  make_folder: (args) =>
    Effect.map(Folders.make(the(args, "path")), ({ folder }) => asFolder(folder)),
  "folder('/models/mamba').rename": (args) => Folders.rename("f-2", the(args, "name")),
  "folder('/').rename": (args) => Folders.rename("", the(args, "name")),
  "folder('/models/mamba2').move": (args) =>
    Effect.flatMap(idAt(the(args, "to")), (to) => Folders.move("f-2", { from: "f-1", to })),
  "folder('/mamba2').move": (args) =>
    Effect.flatMap(idAt(the(args, "to")), (to) => Folders.move("f-2", { from: null, to })),
  "experiment('run-1').info": onExperiment((id) =>
    Effect.map(Experiments.get(id), ({ experiment }) => ({
      created_at: iso(experiment.createdAt),
      description: experiment.description,
      done_at: iso(experiment.doneAt),
      error: experiment.error,
      id: experiment.experimentId,
      last_event_at: iso(experiment.lastEventAt),
      meta: experiment.meta,
      slug: experiment.slug,
      started_at: iso(experiment.startedAt),
      status: experiment.status,
      updated_at: iso(experiment.updatedAt),
    })),
  ),
  "experiment('run-1').catalog": onExperiment((id) =>
    Effect.map(Experiments.catalog(id), ({ series }) =>
      series.map(({ metadata, name }) => ({
        metadata: Object.fromEntries(metadata.map(({ key, values }) => [key, values])),
        name,
      })),
    ),
  ),
  "experiment('run-1').annotations": onExperiment((id) =>
    Effect.map(Experiments.annotations(id), ({ annotations }) =>
      annotations.map(({ annotation, annotationId, createdAt, meta }) => ({
        created_at: iso(createdAt),
        id: annotationId,
        meta,
        text: annotation,
      })),
    ),
  ),
  "experiment('run-1').series": onExperiment((id, { name, ...options }) =>
    Effect.map(
      Series.read(id, {
        ...options,
        ...(name === undefined ? {} : { names: [name as string | Array<string>].flat() }),
      }),
      (series) =>
        series.map(({ experimentId, name, metadata, steps, timestampsMs, values }) => ({
          experiment_id: experimentId,
          metadata,
          name,
          steps,
          timestamps_ms: [...timestampsMs],
          values: [...values],
        })),
    ),
  ),
  "experiment('run-1').move": (args) =>
    Effect.gen(function* () {
      const { experiment } = yield* Experiments.find("run-1");
      const to = yield* idAt(the(args, "to"));
      yield* Experiments.move(experiment.experimentId, { from: experiment.folderId, to });
    }),
  send: (args) =>
    Effect.map(Events.send(the(args, "event"), the(args, "data")), ({ data }) => data),
  open_experiment: open,
  "with open_experiment": (args, world) =>
    Effect.gen(function* () {
      yield* open(args, world);
      yield* world.run!.start;
      yield* Scope.close(world.scope!, args["body"] === "raises" ? Exit.die("boom") : Exit.void);
      return null;
    }),
  "run.start": onRun((run) => run.start),
  "run.done": onRun((run) => run.done),
  "run.error": onRun((run, args) =>
    run.error(the(args, "message"), "meta" in args ? { meta: the(args, "meta") } : {}),
  ),
  "run.annotate": onRun((run, args) =>
    Effect.map(
      run.annotate(the(args, "text"), "meta" in args ? { meta: the(args, "meta") } : {}),
      ({ annotationId }) => annotationId,
    ),
  ),
  "run.metric": onRun((run, args) => run.metrics([point(args)], collect)),
  "run.metrics": (args, world) =>
    Effect.gen(function* () {
      const points = pointsOf(args["points"]);
      if (points.length > 1000) yield* open({ slug: "big" }, world);
      yield* world.run!.metrics(points, collect);
    }),
  "run.close": (_, { scope }) => Scope.close(scope!, Exit.void),
};

// -----------------------------------------------------------------------------
// The play
// -----------------------------------------------------------------------------

const soon = () => Date.now() + 4 * 60_000;
/** The recorded tree that stands: the last one read, and before the first that one. */
const treeAt = (index: number): unknown => {
  const reads = recordedRequests.flatMap(({ requests }, at) =>
    requests.flatMap(({ body, reply }, i) =>
      // What is read behind a change holds from the next call on.
      isTreeRead(body) ? [{ from: i === 0 ? at : at + 1, reply }] : [],
    ),
  );
  const { reply } = reads.findLast(({ from }) => from <= index) ?? reads[0]!;
  return (reply as ReadonlyArray<{ readonly data: unknown }>)[0]!.data;
};

const answerTo = (turn: Turn, queue: Array<RecordedRequest>, index: number): string => {
  const envelopes = envelopesOf(turn);
  const ids = envelopes.map(({ messageId }) => messageId);
  if (envelopes[0]?.event === treeRead) {
    const reply = { correlationId: ids[0], event: treeRead, data: treeAt(index) };
    return JSON.stringify([reply]);
  }
  const recorded = queue.shift();
  if (recorded?.reply_lines !== undefined) {
    return ndjson(recorded.reply_lines.map((line) => ({ ...line, correlationId: ids[0] })));
  }
  if (!Array.isArray(recorded?.reply)) {
    return recorded?.reply !== undefined && Predicate.isObject(recorded.reply)
      ? JSON.stringify(recorded.reply)
      : usualBody(turn);
  }
  const replies = recorded.reply.map((reply: { readonly data: object }, i: number) => ({
    ...reply,
    correlationId: ids[i],
    data: Object.fromEntries(
      Object.entries(reply.data).map(([name, value]) => [
        name,
        value === "<now + ttl>" ? soon() : value,
      ]),
    ),
  }));
  return JSON.stringify(replies);
};

const shown = ({ body, headers, method, path }: Turn): RecordedRequest => ({
  method,
  path,
  query: [],
  body: body === "" ? null : JSON.parse(body),
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      `${value}`
        .replace("Bearer api-key", "Bearer <api key>")
        .replace(/^Bearer (et-\d+)$/, "Bearer <experiment token $1>"),
    ]),
  ),
});

const isUuid = (id: string): boolean =>
  /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id);

/** Without what is drawn anew each time. */
const comparableBody = (
  body: RecordedRequest["body"],
  expected: RecordedRequest["body"],
): unknown => {
  if (Predicate.isString(expected) || body === null) {
    return Array.isArray(body) ? `<${body.length} metric events>` : body;
  }
  const plain = (envelope: Envelope) => ({
    ...envelope,
    messageId: isUuid(envelope.messageId) ? "<message id>" : envelope.messageId,
    data: {
      ...envelope.data,
      ...(Math.abs(Number(envelope.data["timestampMs"]) - Date.now()) < 60_000
        ? { timestampMs: "<now ms>" }
        : {}),
    },
  });
  return Array.isArray(body)
    ? (body as ReadonlyArray<Envelope>).map(plain)
    : plain(body as Envelope);
};

const withoutNumbers = (body: RecordedRequest["body"]): unknown =>
  JSON.parse(JSON.stringify(body).replace(/<message id \d+>/g, "<message id>"));

it.live("the requests of the service's v2 client", () =>
  Effect.gen(function* () {
    let index = 0;
    let queue: Array<RecordedRequest> = [];
    const server = yield* serve((turn) => void turn.response.end(answerTo(turn, queue, index)));
    const world: World = { run: undefined, scope: undefined };
    const play = (entry: Entry) =>
      Effect.gen(function* () {
        const what = `${index}: ${entry.call}(${JSON.stringify(entry.args)})`;
        const call = calls[entry.call];
        if (call === undefined) return assert.fail(`${what} has no counterpart here`);
        const expected = withoutTreeReads(entry.requests).map((request) =>
          Object.values(differences).reduce<RecordedRequest>((one, differ) => differ(one), request),
        );
        queue = [...withoutTreeReads(entry.requests)];
        const before = server.seen.length;
        const result = yield* Effect.result(call(entry.args, world));
        const sent = server.seen.slice(before).map(shown);
        for (const request of sent) {
          if (!isTreeRead(request.body)) continue;
          assert.strictEqual(request.path, "/api/v2/events", what);
          assert.deepStrictEqual((request.body as ReadonlyArray<Envelope>)[0]!.data, {}, what);
        }
        const ours = withoutTreeReads(sent).map((request, i) => {
          const { body, headers } = expected[i] ?? { body: null, headers: {} };
          return {
            ...request,
            body: comparableBody(request.body, body),
            headers: Object.fromEntries(
              Object.keys(headers).map((name) => [name, request.headers[name] ?? null]),
            ),
          };
        });
        assert.deepStrictEqual(
          ours,
          expected.map(({ body, headers, method, path, query }) => ({
            method,
            path,
            query,
            body: withoutNumbers(body),
            headers,
          })),
          what,
        );
        if (entry.raises !== undefined && entry.raises.class !== "KeyError") {
          if (Result.isSuccess(result)) return assert.isUndefined(result.success, what);
          assert.strictEqual(result.failure.reason._tag, endings[entry.call], what);
        } else {
          assert(
            Result.isSuccess(result),
            `${what}: ${Result.isFailure(result) && result.failure}`,
          );
          if (Predicate.isNotNullish(entry.result) && result.success !== undefined) {
            assert.deepStrictEqual(JSON.parse(JSON.stringify(result.success)), entry.result, what);
          }
        }
      });
    yield* Effect.gen(function* () {
      for (const entry of recordedRequests) {
        if (entry.note?.startsWith("close within the margin") === true) {
          // The run that is closed was opened for it.
          queue = [reopened(entry)];
          yield* open({ slug: "soon" }, world);
        }
        yield* play(entry);
        index++;
      }
    }).pipe(Effect.provide(layerV2("fetch", server)));
  }),
);

/** What opened a run whose token is the one that is refreshed. */
const reopened = ({ requests }: Entry): RecordedRequest => {
  const { experimentId, experimentToken } = (requests[0]!.body as ReadonlyArray<Envelope>)[0]!.data;
  const data = { experimentId, experimentToken, expiresAtMs: "<now + ttl>" };
  return { ...requests[0]!, reply: [{ event: "syvain.v2.experiment.opened", data }] };
};

import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as ClientEventId from "../base/clientEventId.ts";
import type { MetricsApiError, MetricsApiRequestError } from "../base/errors.ts";
import { bytesOf } from "../base/utf8.ts";
import { bodyOf } from "../ingest/batches.ts";
import { encodeBySchema } from "../ingest/event.ts";
import { EventWriter, formatV1 } from "../ingest/eventWriter.ts";
import type { IngestionKeyCache } from "../keys/cache.ts";
import { callWithIngestionKey } from "../keys/callWithIngestionKey.ts";
import { call } from "../request/call.ts";
import { ConfigService } from "../request/config.ts";
import { withKey } from "../request/idempotencyKey.ts";
import type { Kind } from "../spool/service.ts";
import { createAnnotation, maxMetadataBytes } from "../wire/v1/annotations.ts";
import type { Experiment } from "../wire/v1/experiment.ts";
import {
  createExperiment,
  getExperiment,
  listExperiments,
  updateExperimentStatus,
} from "../wire/v1/experiments.ts";
import { listFolders } from "../wire/v1/folders.ts";
import { ingestMetrics, maxEvents } from "../wire/v1/metrics.ts";
import {
  checkMetadata,
  entryOf,
  lazily,
  millisOf,
  orUnreadable,
  partsOf,
  readBody,
  withStep,
} from "./entries.ts";
import { FolderPathError } from "./errors.ts";
import { Noted } from "./note.ts";
import { Opening } from "./opening.ts";
import type { EventOptions, ExperimentInput } from "./service.ts";
import { tell } from "./telling.ts";
import {
  type Encoder,
  isTooMuchOrWrong,
  type Opened,
  type SendError,
  type Sent,
  type Uplink,
  unlessRefused,
} from "./uplink.ts";

type Client = ConfigService | HttpClient;
type Sending = Client | IngestionKeyCache;

// -----------------------------------------------------------------------------
// Experiments
// -----------------------------------------------------------------------------

const folderAt = (path: string): Effect.Effect<string, MetricsApiError | FolderPathError, Client> =>
  Effect.flatMap(call(listFolders, { query: { path } }), ({ folders }) => {
    const [folder, another] = folders;
    return folder === undefined || another !== undefined
      ? Effect.fail(new FolderPathError({ path, found: folders.length }))
      : Effect.succeed(folder.folderId);
  });

interface OpenedV1 extends Opened {
  readonly experiment: Experiment;
}

/** The service may refuse a slug that is taken; many processes may ask for the same one at a time. */
const open = ({
  folderPath,
  ...input
}: ExperimentInput): Effect.Effect<OpenedV1, SendError, Client> =>
  Effect.gen(function* () {
    // What is wrong with the rest is said whether or not the service can be asked for the folder.
    const folderId =
      folderPath === undefined || Result.isFailure(encodeExperiment(input))
        ? input.folderId
        : yield* folderAt(folderPath);
    const { experiment } = yield* call(createExperiment, { payload: { ...input, folderId } }).pipe(
      Effect.catchReason("MetricsApiRequestError", "Conflict", (_, conflict) =>
        Effect.gen(function* () {
          const { slug } = input;
          const { experiments } = yield* call(listExperiments, { query: { slug } });
          const found = experiments.find((one) => one.slug === slug);
          if (found === undefined) return yield* Effect.fail(conflict);
          return yield* call(getExperiment, { params: { experiment_id: found.id } });
        }),
      ),
    );
    return { experiment };
  });

// -----------------------------------------------------------------------------
// Entries
// -----------------------------------------------------------------------------

const encoder = (slug: string): Encoder => {
  const writer = new EventWriter(formatV1, slug, maxMetadataBytes);

  /** An event that is not plain. Its metadata is looked at first, as an id is made of it. */
  const encodeOther = (name: string, value: number, options: EventOptions, now: number) => {
    const { step, timestamp = DateTime.makeUnsafe(now) } = options;
    const checked = checkMetadata(options.metadata);
    if (Result.isFailure(checked)) return checked.failure;
    const series = { name, step, metadata: checked.success };
    const json = encodeBySchema({
      ...series,
      clientEventId:
        step === undefined ? writer.uniqueId() : ClientEventId.make({ ...series, step, run: slug }),
      value,
      timestamp,
    });
    return typeof json === "string" ? bytesOf(json) : json;
  };

  return {
    metric: (name, value, options, now) =>
      orUnreadable(() => {
        const { metadata, step, timestamp } = options;
        return (
          writer.write(name, value, step, metadata, millisOf(timestamp, now)) ??
          encodeOther(name, value, options, now)
        );
      }),
    annotation: (annotation, options, key) =>
      orUnreadable(() => {
        const encoded = Result.flatMap(withStep(options), (metadata) =>
          encodeAnnotation({ annotation, metadata }),
        );
        return Result.isSuccess(encoded) ? entryOf(key, encoded.success) : encoded.failure;
      }),
  };
};

const encodeAnnotation = lazily(createAnnotation.payload);
const encodeStatus = lazily(updateExperimentStatus.payload);
const encodeExperiment = lazily(createExperiment.payload);

/** When it says that it was, in Unix milliseconds. */
const timeOf = (entry: Uint8Array): number | undefined => {
  const body = readBody(partsOf(entry).body);
  return Predicate.hasProperty(body, "timestamp_ms") && Predicate.isNumber(body.timestamp_ms)
    ? body.timestamp_ms
    : undefined;
};

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

const connect = (log: Parameters<Uplink["connect"]>[0], known?: OpenedV1) => {
  const { slug } = log.destination;
  const noted = new Noted(log);
  const opening = new Opening(
    Effect.suspend(() => open(noted.now.input)).pipe(
      Effect.tap(({ experiment }) => noted.keep({ id: experiment.id })),
    ),
    known,
  );
  const experimentId = Effect.suspend(() =>
    noted.now.id === undefined
      ? Effect.map(opening.get, ({ experiment }) => experiment.id)
      : Effect.succeed(noted.now.id),
  );

  const sendTo = (
    id: string,
    kind: Kind | "killed",
    entries: Uint8Array,
  ): Effect.Effect<MetricsApiRequestError | undefined, SendError, Sending> => {
    const params = { experiment_id: id };
    if (kind === "metric") {
      const body = bodyOf(entries);
      const sending = callWithIngestionKey(ingestMetrics, { params, query: undefined, body });
      return unlessRefused(isTooMuchOrWrong(ingestMetrics), sending);
    }
    const { key, body } = partsOf(entries);
    if (kind === "annotation") {
      const sending = withKey(callWithIngestionKey(createAnnotation, { params, body }), key);
      return unlessRefused(isTooMuchOrWrong(createAnnotation), sending);
    }
    const telling = tell({
      slug,
      kind,
      noted,
      known: known?.experiment,
      recordedAt: timeOf(entries),
      ask: Effect.map(call(getExperiment, { params }), ({ experiment }) => experiment),
      say: Effect.map(
        withKey(call(updateExperimentStatus, { params, body }), key),
        ({ experiment }) => experiment,
      ),
    });
    return unlessRefused(isTooMuchOrWrong(updateExperimentStatus), telling);
  };

  return {
    experiment: Effect.map(opening.get, ({ experiment }) => experiment),
    send: (kind: Kind | "killed", entries: Uint8Array) =>
      Effect.flatMap(experimentId, (id) => sendTo(id, kind, entries)).pipe(
        Effect.map((error): Sent => ({ refused: error === undefined ? [] : [{ error }] })),
      ),
  };
};

/** Recording over v1, to the client in context. */
export const makeUplinkV1: Effect.Effect<Uplink<OpenedV1>, never, Sending> = Effect.gen(
  function* () {
    const context = yield* Effect.context<Sending>();
    const { host } = yield* ConfigService;
    return {
      recipient: { api: "v1", host },
      maxEvents,
      maxBytes: 1024 * 1024,
      open: (input) => Effect.provideContext(open(input), context),
      connect: (log, known) => {
        const { experiment, send } = connect(log, known);
        return {
          experiment: Effect.provideContext(experiment, context),
          send: (kind, entries) => Effect.provideContext(send(kind, entries), context),
          // The key is not of this log alone, and the next one may have it.
          close: Effect.void,
        };
      },
      encoder,
      encodeStatus: (status, key, now) => {
        const timestamp = DateTime.makeUnsafe(Math.max(0, Math.floor(now)));
        return entryOf(key, Result.getOrThrow(encodeStatus({ ...status, timestamp })));
      },
    };
  },
);

import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Result from "effect/Result";
import * as ClientEventId from "../base/clientEventId.ts";
import type { MetricsApiError } from "../base/errors.ts";
import { bodyOfJson } from "../ingest/batches.ts";
import { encodeEvent } from "../ingest/event.ts";
import { EventWriter } from "../ingest/eventWriter.ts";
import type { IngestionKeyCache } from "../keys/cache.ts";
import { callWithIngestionKey } from "../keys/callWithIngestionKey.ts";
import { call } from "../request/call.ts";
import { ConfigService } from "../request/config.ts";
import { type Encode, makeEncode, tooDeep } from "../request/encode.ts";
import { withKey } from "../request/idempotencyKey.ts";
import type { Kind } from "../spool/service.ts";
import {
  createAnnotation,
  isSmallEnough,
  maxMetadataBytes,
  sizeInWords,
} from "../wire/v1/annotations.ts";
import type { Experiment } from "../wire/v1/experiment.ts";
import {
  createExperiment,
  getExperiment,
  listExperiments,
  updateExperimentStatus,
} from "../wire/v1/experiments.ts";
import { listFolders } from "../wire/v1/folders.ts";
import { ingestMetrics, maxEvents } from "../wire/v1/metrics.ts";
import { FolderPathError } from "./errors.ts";
import type { ExperimentInput } from "./service.ts";
import type { Encoded, Encoder, Uplink } from "./uplink.ts";

type Client = ConfigService | HttpClient;

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

/** The service may refuse a slug that is taken; many processes may ask for the same one at a time. */
const open = ({
  folderPath,
  ...input
}: ExperimentInput): Effect.Effect<Experiment, MetricsApiError | FolderPathError, Client> =>
  Effect.gen(function* () {
    const folderId = folderPath === undefined ? input.folderId : yield* folderAt(folderPath);
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
    return experiment;
  });

// -----------------------------------------------------------------------------
// Entries
// -----------------------------------------------------------------------------

/** What throws here is a stack that ran out, or an id made of metadata that was not checked yet. */
const checked = (encode: () => Encoded): Encoded => {
  try {
    return encode();
  } catch {
    return { ...tooDeep, path: ["metadata"] };
  }
};

/** No number for what is no time. */
const millisOf = (timestamp: unknown, now: number): number => {
  if (timestamp === undefined) return now;
  return DateTime.isDateTime(timestamp) && DateTime.isUtc(timestamp)
    ? timestamp.epochMilliseconds
    : Number.NaN;
};

const encoder = (slug: string): Encoder => {
  // No UTF-16 unit takes more than three bytes.
  const writer = new EventWriter(slug, Math.floor(maxMetadataBytes / 3));
  return {
    metric: (name, value, { metadata, step, timestamp }, now) =>
      writer.write(name, value, step, metadata, millisOf(timestamp, now)) ??
      checked(() => {
        const encoded = encodeEvent({
          clientEventId:
            step === undefined
              ? writer.uniqueId()
              : ClientEventId.make({ run: slug, name, step, metadata }),
          name,
          value,
          step,
          metadata,
          timestamp: timestamp ?? DateTime.makeUnsafe(now),
        });
        // The rest of the event is small.
        return typeof encoded === "string" &&
          metadata !== undefined &&
          encoded.length * 3 > maxMetadataBytes &&
          !isSmallEnough(metadata)
          ? { path: ["metadata"], expected: sizeInWords }
          : encoded;
      }),
    annotation: (annotation, { metadata }, key) =>
      checked(() => {
        const encoded = encodeAnnotation({ annotation, metadata });
        return Result.isSuccess(encoded) ? entryOf(key, encoded.success) : encoded.failure;
      }),
  };
};

/** Encoders are made on first use: importing the library makes none. */
const lazily = (schema: Parameters<typeof makeEncode>[0]): Encode => {
  let encode: Encode | undefined;
  return (input) => (encode ??= makeEncode(schema))(input);
};
const encodeAnnotation = lazily(createAnnotation.payload);
const encodeStatus = lazily(updateExperimentStatus.payload);

/** The key and the body of a request. A key is visible ASCII, and has no space. */
const entryOf = (key: string, body: unknown): string => `${key} ${JSON.stringify(body)}`;

const utf8 = new TextEncoder();
const partsOf = (entry: string): { readonly key: string; readonly body: Uint8Array } => {
  const space = entry.indexOf(" ");
  return { key: entry.slice(0, space), body: utf8.encode(entry.slice(space + 1)) };
};

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

const send = (
  experimentId: string,
  kind: Kind,
  entries: string,
): Effect.Effect<void, MetricsApiError, Client | IngestionKeyCache> => {
  const params = { experiment_id: experimentId };
  if (kind === "metric") {
    const body = bodyOfJson(entries);
    return Effect.asVoid(callWithIngestionKey(ingestMetrics, { params, query: undefined, body }));
  }
  const { key, body } = partsOf(entries);
  const sent: Effect.Effect<unknown, MetricsApiError, Client | IngestionKeyCache> =
    kind === "annotation"
      ? callWithIngestionKey(createAnnotation, { params, body })
      : call(updateExperimentStatus, { params, body });
  return Effect.asVoid(withKey(sent, key));
};

/** Recording over v1, to the client in context. */
export const makeUplinkV1: Effect.Effect<Uplink, never, Client | IngestionKeyCache> = Effect.gen(
  function* () {
    const context = yield* Effect.context<Client | IngestionKeyCache>();
    const { host } = yield* ConfigService;
    return {
      recipient: { api: "v1", host },
      maxEvents,
      open: (input) => Effect.provideContext(open(input), context),
      encoder,
      encodeStatus: (status, key, now) => {
        const timestamp = DateTime.makeUnsafe(Math.max(0, Math.floor(now)));
        return entryOf(key, Result.getOrThrow(encodeStatus({ ...status, timestamp })));
      },
      send: (experimentId, kind, entries) =>
        Effect.provideContext(send(experimentId, kind, entries), context),
    };
  },
);

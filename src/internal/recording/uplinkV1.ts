import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Result from "effect/Result";
import * as ClientEventId from "../base/clientEventId.ts";
import type { MetricsApiError } from "../base/errors.ts";
import { type Issue, tooDeep } from "../base/issue.ts";
import { bodyOfJson } from "../ingest/batches.ts";
import { encodeEvent, isPlainObject } from "../ingest/event.ts";
import { EventWriter } from "../ingest/eventWriter.ts";
import type { IngestionKeyCache } from "../keys/cache.ts";
import { callWithIngestionKey } from "../keys/callWithIngestionKey.ts";
import { call } from "../request/call.ts";
import { ConfigService } from "../request/config.ts";
import { type Encode, makeEncode } from "../request/encode.ts";
import { withKey } from "../request/idempotencyKey.ts";
import type { Kind } from "../spool/service.ts";
import { createAnnotation, maxMetadataBytes, SmallMetadata } from "../wire/v1/annotations.ts";
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
import type { EventOptions, ExperimentInput } from "./service.ts";
import type { Encoder, Uplink } from "./uplink.ts";

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

/**
 * What is recorded is read here for the first time, and may throw when it is looked at: a getter, a revoked proxy, a stack that runs out. A job
 * must not fail by that.
 */
const unreadable = (error: unknown): Issue =>
  error instanceof RangeError
    ? { ...tooDeep, path: ["metadata"] }
    : { path: ["metadata"], expected: `what can be read, and reading it threw (${nameOf(error)})` };

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/** As JSON does it, a field that is `undefined` is left out. The same object where there is none. */
const withoutUndefined = (value: unknown, around: ReadonlyArray<unknown> = []): unknown => {
  if (!isPlainObject(value) || around.includes(value)) return value;
  let changed = false;
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const kept = withoutUndefined(field, [...around, value]);
    if (kept !== field || kept === undefined) changed = true;
    // A field of this name would be no field of the copy.
    if (name === "__proto__") return value;
    if (kept !== undefined) fields[name] = kept;
  }
  return changed ? fields : value;
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

  /** An event that is not plain. Its metadata is looked at first, as an id is made of it. */
  const encodeOther = (name: string, value: number, options: EventOptions, now: number) => {
    const { step, timestamp = DateTime.makeUnsafe(now) } = options;
    const metadata = withoutUndefined(options.metadata);
    const encoded = metadata === undefined ? undefined : encodeMetadata(metadata);
    if (encoded !== undefined && Result.isFailure(encoded)) {
      const { path, expected } = encoded.failure;
      return { path: ["metadata", ...path], expected };
    }
    const series = {
      name,
      step,
      // It was found to be that.
      metadata: metadata as EventOptions["metadata"],
    };
    return encodeEvent({
      ...series,
      clientEventId:
        step === undefined ? writer.uniqueId() : ClientEventId.make({ ...series, step, run: slug }),
      value,
      timestamp,
    });
  };

  return {
    metric: (name, value, options, now) => {
      try {
        const { metadata, step, timestamp } = options;
        return (
          writer.write(name, value, step, metadata, millisOf(timestamp, now)) ??
          encodeOther(name, value, options, now)
        );
      } catch (error) {
        return unreadable(error);
      }
    },
    annotation: (annotation, options, key) => {
      try {
        const metadata = withoutUndefined(options.metadata);
        const encoded = encodeAnnotation({ annotation, metadata });
        return Result.isSuccess(encoded) ? entryOf(key, encoded.success) : encoded.failure;
      } catch (error) {
        return unreadable(error);
      }
    },
  };
};

/** Made on first use. */
const lazily = (schema: Parameters<typeof makeEncode>[0]): Encode => {
  let encode: Encode | undefined;
  return (input) => (encode ??= makeEncode(schema))(input);
};
const encodeMetadata = lazily(SmallMetadata);
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

import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Predicate from "effect/Predicate";
import * as Result from "effect/Result";
import * as Semaphore from "effect/Semaphore";
import * as ClientEventId from "../base/clientEventId.ts";
import { type MetricsApiError, MetricsApiRequestError } from "../base/errors.ts";
import { type Issue, tooDeep } from "../base/issue.ts";
import { bytesOf } from "../base/utf8.ts";
import { bodyOf } from "../ingest/batches.ts";
import { encodeBySchema, isPlainObject } from "../ingest/event.ts";
import { EventWriter } from "../ingest/eventWriter.ts";
import type { IngestionKeyCache } from "../keys/cache.ts";
import { callWithIngestionKey } from "../keys/callWithIngestionKey.ts";
import { call } from "../request/call.ts";
import { ConfigService } from "../request/config.ts";
import { type Encode, makeEncode } from "../request/encode.ts";
import { withKey } from "../request/idempotencyKey.ts";
import type { Kind } from "../spool/service.ts";
import type { Operation } from "../wire/operation.ts";
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
import type { Encoder, Send, SendError, Uplink } from "./uplink.ts";

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

/** The service may refuse a slug that is taken; many processes may ask for the same one at a time. */
const open = ({
  folderPath,
  ...input
}: ExperimentInput): Effect.Effect<Experiment, SendError, Client> =>
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
    return experiment;
  });

/** What is noted with a log. */
interface Note {
  /** What the experiment is opened with. */
  readonly input: ExperimentInput;
  /** Of the experiment, once it is open. */
  readonly id?: string;
  /** When the run began, by what the service has said; Unix milliseconds. */
  readonly startedAt?: number;
}

const writeNote = (note: Note): string => JSON.stringify(note);

/** It is our own writing; of one that is not, the slug is left. */
const readNote = (text: string, slug: string): Note => {
  try {
    const note: unknown = JSON.parse(text);
    if (isNote(note)) return note;
  } catch {
    // It is none.
  }
  return { input: { slug } };
};

const isNote = (u: unknown): u is Note => {
  if (!Predicate.isObject(u)) return false;
  const { id, input, startedAt } = u as Record<string, unknown>;
  return (
    Predicate.hasProperty(input, "slug") &&
    Predicate.isString(input.slug) &&
    (id === undefined || Predicate.isString(id)) &&
    (startedAt === undefined || Predicate.isNumber(startedAt))
  );
};

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
  const writer = new EventWriter(slug, maxMetadataBytes);

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
const encodeExperiment = lazily(createExperiment.payload);

/** The key and the body of a request. A key is visible ASCII, and has no space. */
const entryOf = (key: string, body: unknown): string => `${key} ${JSON.stringify(body)}`;

const decoder = new TextDecoder();
const partsOf = (entry: Uint8Array): { readonly key: string; readonly body: Uint8Array } => {
  const space = entry.indexOf(" ".charCodeAt(0));
  return { key: decoder.decode(entry.subarray(0, space)), body: entry.subarray(space + 1) };
};

/** When it says that it was, in Unix milliseconds. */
const timeOf = (entry: Uint8Array): number | undefined => {
  const body: unknown = JSON.parse(decoder.decode(partsOf(entry).body));
  return Predicate.hasProperty(body, "timestamp_ms") && Predicate.isNumber(body.timestamp_ms)
    ? body.timestamp_ms
    : undefined;
};

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

/**
 * The service understood and will not have it: as a whole because it is too large, or for the sake of an event in it.
 * What it says of opening the experiment, or of a key for it, is not about what is sent.
 */
const refusedBy =
  ({ name }: Operation) =>
  (error: MetricsApiError): error is MetricsApiRequestError =>
    error instanceof MetricsApiRequestError &&
    error.operation === name &&
    (error.status === 413 || error.status === 422 || error.status === 400);

/** Why it was refused, if it was. */
const unlessRefused = <R>(
  operation: Operation,
  sending: Effect.Effect<unknown, MetricsApiError, R>,
): Effect.Effect<MetricsApiRequestError | undefined, MetricsApiError, R> =>
  Effect.catchIf(Effect.as(sending, undefined), refusedBy(operation), (error) =>
    Effect.succeed(error),
  );

const startOf = ({ startedAt }: Experiment): number | undefined => startedAt?.epochMilliseconds;

const connect = (
  log: Parameters<Uplink["connect"]>[0],
  known?: Experiment,
): {
  readonly experiment: Effect.Effect<Experiment, SendError, Client>;
  readonly send: (
    ...entries: Parameters<Send>
  ) => Effect.Effect<MetricsApiRequestError | undefined, SendError, Sending>;
} => {
  const { slug } = log.destination;
  let note = readNote(log.note(), slug);
  const keep = (more: Partial<Note>) =>
    Effect.suspend(() => {
      note = { ...note, ...more };
      return log.keepNote(writeNote(note));
    });

  let opened = known;
  /** The attempts to open it that failed, and how the last one did. */
  let failures = 0;
  let failed: SendError | undefined;
  const oneAtATime = Semaphore.makeUnsafe(1);
  const tryToOpen = Effect.suspend(() => open(note.input)).pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        failures++;
        failed = error;
      }),
    ),
    Effect.tap((experiment) => {
      opened = experiment;
      return keep({ id: experiment.id });
    }),
  );
  const experiment = Effect.suspend(() => {
    const before = failures;
    return oneAtATime.withPermits(1)(
      Effect.suspend(() => {
        if (opened !== undefined) return Effect.succeed(opened);
        // Who waited for an attempt has its failure, too.
        return failed !== undefined && failures > before ? Effect.fail(failed) : tryToOpen;
      }),
    );
  });
  const experimentId = Effect.suspend(() =>
    note.id === undefined ? Effect.map(experiment, ({ id }) => id) : Effect.succeed(note.id),
  );

  /**
   * Where the run stands is said unless another run of the experiment began after it: that one's word counts. What the
   * service says of its beginning is the evidence, as clocks differ: it is not the beginning of another run if it is
   * what was there when the experiment was opened, what this run said, or what the service answered to that.
   */
  const tell = (id: string, kind: "started" | "ended" | "killed", entry: Uint8Array) =>
    Effect.gen(function* () {
      const params = { experiment_id: id };
      const { experiment } = yield* call(getExperiment, { params });
      const ours = kind === "started" ? timeOf(entry) : note.startedAt;
      const theirs = startOf(experiment);
      const isOther = theirs !== undefined && ours !== undefined && theirs > ours;
      if (isOther && !(kind === "started" && known !== undefined && theirs === startOf(known))) {
        yield* Effect.logInfo(
          `A newer run of ${slug} has begun: how an older one ${kind === "started" ? "began" : "ended"} is not said.`,
        );
        if (kind === "started") yield* keep({ startedAt: ours });
        return;
      }
      if (kind === "killed" && (experiment.status === "done" || experiment.status === "error")) {
        return;
      }
      const { key, body } = partsOf(entry);
      const answer = yield* withKey(call(updateExperimentStatus, { params, body }), key);
      if (kind === "started") yield* keep({ startedAt: startOf(answer.experiment) ?? ours ?? 0 });
    });

  const sendTo = (id: string, kind: Kind | "killed", entries: Uint8Array) => {
    const params = { experiment_id: id };
    if (kind === "metric") {
      const body = bodyOf(entries);
      const sending = callWithIngestionKey(ingestMetrics, { params, query: undefined, body });
      return unlessRefused(ingestMetrics, sending);
    }
    if (kind !== "annotation")
      return unlessRefused(updateExperimentStatus, tell(id, kind, entries));
    const { key, body } = partsOf(entries);
    const sending = withKey(callWithIngestionKey(createAnnotation, { params, body }), key);
    return unlessRefused(createAnnotation, sending);
  };

  return {
    experiment,
    send: (kind, entries) => Effect.flatMap(experimentId, (id) => sendTo(id, kind, entries)),
  };
};

/** Recording over v1, to the client in context. */
export const makeUplinkV1: Effect.Effect<Uplink, never, Sending> = Effect.gen(function* () {
  const context = yield* Effect.context<Sending>();
  const { host } = yield* ConfigService;
  return {
    recipient: { api: "v1", host },
    maxEvents,
    open: (input) => Effect.provideContext(open(input), context),
    note: (input, experiment) =>
      writeNote({ input, ...(experiment === undefined ? {} : { id: experiment.id }) }),
    connect: (log, known) => {
      const { experiment, send } = connect(log, known);
      return {
        experiment: Effect.provideContext(experiment, context),
        send: (kind, entries) => Effect.provideContext(send(kind, entries), context),
      };
    },
    encoder,
    encodeStatus: (status, key, now) => {
      const timestamp = DateTime.makeUnsafe(Math.max(0, Math.floor(now)));
      return entryOf(key, Result.getOrThrow(encodeStatus({ ...status, timestamp })));
    },
  };
});

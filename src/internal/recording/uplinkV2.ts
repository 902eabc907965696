import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Result from "effect/Result";
import * as ClientEventId from "../base/clientEventId.ts";
import { type MetricsApiError, MetricsApiRequestError } from "../base/errors.ts";
import type { Issue } from "../base/issue.ts";
import { callEvent, callEventWith, encodeData } from "../events/call.ts";
import { newMessageId } from "../events/messageId.ts";
import { hasCode } from "../events/refused.ts";
import { EventWriter } from "../ingest/eventWriter.ts";
import { type ExperimentToken, makeExperimentToken } from "../keys/experimentToken.ts";
import { ConfigService } from "../request/config.ts";
import { invalidReason } from "../request/failures.ts";
import { folderIdOf, moveFromTheTop, noFolder } from "../runs/place.ts";
import { sendBatch } from "../runs/sendBatch.ts";
import type { Kind } from "../spool/service.ts";
import type { Operation } from "../wire/operation.ts";
import type { Metadata } from "../wire/schema.ts";
import { maxMetadataBytes } from "../wire/v1/annotations.ts";
import { maxEvents } from "../wire/v2/envelope.ts";
import { type Experiment, getAnnotations, getExperiment } from "../wire/v2/experiments.ts";
import * as wire from "../wire/v2/runs.ts";
import {
  checkMetadata,
  entryOf,
  millisOf,
  orUnreadable,
  partsOf,
  readBody,
  withStep,
} from "./entries.ts";
import { FolderPathError } from "./errors.ts";
import { Noted } from "./note.ts";
import { Opening } from "./opening.ts";
import { enveloped, formatV2, metricEntry, roomOfEnvelopes, textsOf } from "./pointsV2.ts";
import { cut, type RunStatus } from "./runStatus.ts";
import type { EventOptions, ExperimentInput, OpenedExperiment } from "./service.ts";
import { startOf, tell } from "./telling.ts";
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

// -----------------------------------------------------------------------------
// Experiments
// -----------------------------------------------------------------------------

interface OpenedV2 extends Opened {
  readonly token: ExperimentToken;
}

const asOpened = ({ experimentId, meta, error: _, ...others }: Experiment): OpenedExperiment => ({
  id: experimentId,
  metadata: meta,
  ...others,
});

const ask = (experimentId: string) =>
  Effect.map(
    callEvent(getExperiment, { payload: { experimentId } }),
    ({ experiment }) => experiment,
  );

/** A path in what is sent, in the words of who records. */
const inOurWords = (path: Issue["path"]): Issue["path"] =>
  path[0] === "meta" ? ["metadata", ...path.slice(1)] : path;

const withOurWords = (error: MetricsApiError): MetricsApiError => {
  if (!(error instanceof MetricsApiRequestError) || error.reason._tag !== "InvalidRequest") {
    return error;
  }
  const { expected, path } = error.reason;
  const reason = invalidReason({ path: inOurWords(path), expected });
  return new MetricsApiRequestError({ ...error, reason });
};

/** One that is there gets this description and this meta. */
const openAs = (input: {
  readonly slug: string;
  readonly description?: string | undefined;
  readonly meta?: Metadata | undefined;
}) =>
  callEvent(wire.openExperiment, { payload: input }).pipe(
    Effect.mapBoth({
      onFailure: withOurWords,
      onSuccess: (issued) => ({
        id: issued.experimentId,
        token: makeExperimentToken(issued.experimentId, issued),
      }),
    }),
  );

const folderOf = ({
  folderId,
  folderPath,
}: ExperimentInput): Effect.Effect<string | null, MetricsApiError | FolderPathError, Client> => {
  if (folderPath === undefined) {
    return typeof folderId === "string" ? folderIdOf(folderId) : Effect.succeed(null);
  }
  const path = folderPath.startsWith("/") ? folderPath : `/${folderPath}`;
  return Effect.catch(folderIdOf(path), (error) =>
    Effect.fail(
      hasCode(error, noFolder) ? new FolderPathError({ path: folderPath, found: 0 }) : error,
    ),
  );
};

const open = (input: ExperimentInput): Effect.Effect<OpenedV2, SendError, Client> =>
  Effect.gen(function* () {
    const { description, metadata: meta, slug } = input;
    const experiment = { slug, description, meta };
    // What will be refused needs no folder.
    const isGood = Result.isSuccess(encodeData(wire.openExperiment, experiment));
    const folder = isGood ? yield* folderOf(input) : null;
    const { id, token } = yield* openAs(experiment);
    const asked = folder === null ? ask(id) : Effect.andThen(moveFromTheTop(id, folder), ask(id));
    return yield* asked.pipe(
      Effect.map((found) => ({ experiment: asOpened(found), token })),
      Effect.tapError(() => Effect.ignore(token.revoke)),
    );
  });

/** For another token: the experiment is opened as it is. */
const reopen = (id: string): Effect.Effect<OpenedV2, SendError, Client> =>
  Effect.gen(function* () {
    const found = yield* ask(id);
    const { slug, description, meta } = found;
    const { token } = yield* openAs({ slug, description, meta });
    return { experiment: asOpened(found), token };
  });

// -----------------------------------------------------------------------------
// Entries
// -----------------------------------------------------------------------------

/** The data of an event, without the id of its experiment, which may not be known yet. */
interface AnnotationEntry {
  readonly annotation: string;
  readonly meta: Metadata;
}

interface StatusEntry {
  readonly event: "start" | "done" | "error";
  /** When it was recorded; Unix milliseconds. */
  readonly at: number;
  readonly message?: string;
  readonly meta?: Metadata;
}

/** Stands for an id that is not known yet. */
const someId = "id";

const encoder = (slug: string): Encoder => {
  const writer = new EventWriter(formatV2, slug, maxMetadataBytes);
  /** An event without a step gets the number of those before it. */
  let unstepped = 0;

  const encodeOther = (name: string, value: number, options: EventOptions, now: number) => {
    const { step, timestamp = DateTime.makeUnsafe(now) } = options;
    const checked = checkMetadata(options.metadata);
    if (Result.isFailure(checked)) return checked.failure;
    const encoded = encodeData(wire.recordMetrics, {
      name,
      value,
      step: step ?? unstepped,
      metadata: textsOf(checked.success),
      timestamp,
    });
    if (Result.isFailure(encoded)) return encoded.failure;
    if (step === undefined) unstepped++;
    const id =
      step === undefined
        ? newMessageId()
        : ClientEventId.make({ run: slug, name, step, metadata: checked.success });
    return metricEntry(id, encoded.success);
  };

  return {
    metric: (name, value, options, now) =>
      orUnreadable(() => {
        const { metadata, step, timestamp } = options;
        const plain =
          step === undefined
            ? undefined
            : writer.write(name, value, step, metadata, millisOf(timestamp, now));
        return plain ?? encodeOther(name, value, options, now);
      }),
    annotation: (annotation, options, key) =>
      orUnreadable(() => {
        const checked = withStep(options);
        if (Result.isFailure(checked)) return checked.failure;
        const meta = checked.success ?? {};
        const encoded = encodeData(wire.annotateExperiment, {
          experimentId: someId,
          annotation,
          meta,
        });
        if (Result.isSuccess(encoded)) return entryOf(key, { annotation, meta });
        const { expected, path } = encoded.failure;
        return { path: inOurWords(path), expected };
      }),
  };
};

/** The longest message of an error, in UTF-16 units. */
const maxMessage = 8000;

const statusEntry = (status: RunStatus, now: number): StatusEntry => {
  const at = Math.max(0, Math.floor(now));
  if (status.status !== "error")
    return { event: status.status === "running" ? "start" : "done", at };
  const { name, detail } = status.error;
  const message =
    detail === undefined ? name : detail.startsWith(`${name}:`) ? detail : `${name}: ${detail}`;
  return { event: "error", at, message: cut(message, maxMessage), meta: { error_type: name } };
};

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

/**
 * An event is refused for good unless it is said that that passes; a whole request only for its size or for what is
 * in it.
 */
const isRefusalOf = (operation: Operation) => {
  const isWhole = isTooMuchOrWrong(operation);
  return (error: SendError): error is MetricsApiRequestError =>
    error instanceof MetricsApiRequestError && error.code !== undefined
      ? error.operation === operation.name && !error.retryable
      : isWhole(error);
};

/** The token cannot be renewed: it has expired, or somebody revoked it. */
const isLostToken = (error: SendError): boolean =>
  error instanceof MetricsApiRequestError &&
  error.operation === wire.refreshToken.name &&
  (error.reason._tag === "Unauthorized" || error.reason._tag === "Forbidden");

/**
 * How far the clock of the service may be from ours, and how long a request may take, together; milliseconds. What is
 * there of so near a time is what was sent then.
 */
const nearby = 60_000;

const connect = (log: Parameters<Uplink["connect"]>[0], known?: OpenedV2) => {
  const { slug } = log.destination;
  const noted = new Noted(log);
  let first = known?.experiment;
  const opening = new Opening(
    Effect.suspend(() => {
      const { id, input } = noted.now;
      if (id !== undefined) return reopen(id);
      return Effect.tap(open(input), ({ experiment }) => {
        first = experiment;
        return noted.keep({ id: experiment.id });
      });
    }),
    known,
  );

  /** When it was last sent under this key, if nobody knows whether it arrived; Unix milliseconds. */
  const lastSent = (key: string): number | undefined => noted.now.unanswered?.[key];

  const sendMetrics = ({ experiment, token }: OpenedV2, entries: Uint8Array) => {
    const batch = enveloped(entries, experiment.id);
    return sendBatch(experiment.id, batch, token.authorise).pipe(
      Effect.map(({ left, refused }): Sent => ({
        refused,
        ...(left && { left: { indexes: left.batch.indexes, error: left.error } }),
      })),
      Effect.catchIf(isTooMuchOrWrong(wire.recordMetrics), (error) =>
        Effect.succeed<Sent>({ refused: [{ error }] }),
      ),
    );
  };

  /** The service would keep a second one beside the first, so it is asked whether that is there. */
  const annotate = ({ experiment, token }: OpenedV2, key: string, entry: AnnotationEntry) =>
    Effect.gen(function* () {
      const experimentId = experiment.id;
      const before = lastSent(key);
      if (before !== undefined) {
        const { annotations } = yield* callEvent(getAnnotations, { payload: { experimentId } });
        const meta = ClientEventId.canonical(entry.meta);
        const isThere = annotations.some(
          (one) =>
            one.annotation === entry.annotation &&
            one.createdAt.epochMilliseconds >= before - nearby &&
            ClientEventId.canonical(one.meta) === meta,
        );
        if (isThere) return;
      }
      yield* noted.sending(key);
      const payload = { experimentId, ...entry };
      yield* callEventWith(
        wire.annotateExperiment,
        { params: { experimentId }, payload },
        token.authorise,
        key,
      );
    });

  const sendStatus = (
    { experiment, token }: OpenedV2,
    kind: "started" | "ended" | "killed",
    key: string,
    { at, event, message = "", meta }: StatusEntry,
  ) => {
    const experimentId = experiment.id;
    const params = { experimentId };
    const operations = { start: wire.startExperiment, done: wire.endExperiment };
    const operation = event === "error" ? wire.failExperiment : operations[event];
    const say =
      event === "error"
        ? callEventWith(
            wire.failExperiment,
            { params, payload: { experimentId, message, meta } },
            token.authorise,
            key,
          )
        : callEventWith(
            operations[event],
            { params, payload: { experimentId } },
            token.authorise,
            key,
          );
    const telling = tell({
      slug,
      kind,
      noted,
      known: known?.experiment,
      recordedAt: at,
      ask: ask(experimentId),
      isSaid: (now) => {
        const theirs = startOf(now);
        if (kind === "started") {
          const before = lastSent(key);
          return (
            before !== undefined &&
            theirs !== undefined &&
            theirs !== startOf(known?.experiment) &&
            Math.abs(theirs - before) < nearby
          );
        }
        return (
          now.status === event &&
          theirs === noted.now.startedAt &&
          (event !== "error" || now.error?.message === message)
        );
      },
      // Of a beginning, the answer has no time.
      say:
        kind === "started"
          ? Effect.andThen(noted.sending(key), Effect.andThen(say, ask(experimentId)))
          : Effect.as(say, undefined),
    });
    return unlessRefused(isRefusalOf(operation), telling);
  };

  const sendTo = (
    opened: OpenedV2,
    kind: Kind | "killed",
    entries: Uint8Array,
  ): Effect.Effect<Sent, SendError, Client> => {
    if (kind === "metric") return sendMetrics(opened, entries);
    const { key, body } = partsOf(entries);
    // An entry is our own writing.
    const one =
      kind === "annotation"
        ? unlessRefused(
            isRefusalOf(wire.annotateExperiment),
            annotate(opened, key, readBody(body) as AnnotationEntry),
          )
        : sendStatus(opened, kind, key, readBody(body) as StatusEntry);
    return Effect.map(one, (error) => {
      noted.answered(key);
      return { refused: error === undefined ? [] : [{ error }] };
    });
  };

  const send = (
    kind: Kind | "killed",
    entries: Uint8Array,
  ): Effect.Effect<Sent, SendError, Client> =>
    Effect.flatMap(opening.get, (opened) =>
      sendTo(opened, kind, entries).pipe(
        Effect.catchIf(isLostToken, () => {
          opening.forget(opened);
          return Effect.flatMap(opening.get, (another) => sendTo(another, kind, entries));
        }),
      ),
    );

  const close = Effect.suspend(() => {
    const { opened } = opening;
    if (opened === undefined) return Effect.void;
    opening.forget(opened);
    return Effect.catch(opened.token.revoke, (error) =>
      Effect.logWarning(
        `The token of ${slug} could not be revoked, and lasts until it expires: ${error.message}`,
      ),
    );
  });

  const experiment = Effect.suspend(() =>
    first === undefined
      ? Effect.map(opening.get, (opened) => opened.experiment)
      : Effect.succeed(first),
  );
  return { experiment, send, close };
};

/** Recording over v2, to the client in context. */
export const makeUplinkV2: Effect.Effect<Uplink<OpenedV2>, never, Client> = Effect.gen(
  function* () {
    const context = yield* Effect.context<Client>();
    const { host } = yield* ConfigService;
    return {
      recipient: { api: "v2", host },
      maxEvents,
      maxBytes: 1024 * 1024 - maxEvents * roomOfEnvelopes,
      open: (input) => Effect.provideContext(open(input), context),
      connect: (log, known) => {
        const { close, experiment, send } = connect(log, known);
        return {
          experiment: Effect.provideContext(experiment, context),
          send: (kind, entries) => Effect.provideContext(send(kind, entries), context),
          close: Effect.provideContext(close, context),
        };
      },
      encoder,
      encodeStatus: (status, key, now) => entryOf(key, statusEntry(status, now)),
    };
  },
);

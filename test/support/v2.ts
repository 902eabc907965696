/** API v2 on a real socket: what the service's own client was answered, as recorded, and what a request holds. */
import { readFileSync } from "node:fs";
import * as Layer from "effect/Layer";
import * as SyvainMetrics from "../../src/v2/SyvainMetrics.ts";
import type { KeyOptions } from "../../src/ConfigService.ts";
import { type SocketServer, type Transport, transports, type Turn } from "./socket.ts";

export interface Envelope {
  readonly messageId: string;
  readonly event: string;
  readonly data: { readonly [name: string]: unknown };
}

export interface Reply {
  readonly correlationId: string;
  readonly event: string;
  readonly data: unknown;
}

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: ReadonlyArray<unknown>;
  /** An array of envelopes, one alone, or in words how many there were. */
  readonly body: ReadonlyArray<Envelope> | Envelope | string | null;
  readonly headers: { readonly [name: string]: string | null };
  readonly reply?: unknown;
  readonly reply_lines?: ReadonlyArray<Reply>;
}

export interface Entry {
  readonly call: string;
  readonly args: { readonly [name: string]: unknown };
  readonly note?: string;
  readonly requests: ReadonlyArray<RecordedRequest>;
  readonly raises?: { readonly class: string; readonly retryable?: boolean };
  readonly result?: unknown;
}

const file = new URL("../fixtures/requests-v2.json", import.meta.url);
/** The calls of one client, in order. */
export const recordedRequests: ReadonlyArray<Entry> = JSON.parse(readFileSync(file, "utf8"));

export const shortName = (event: string): string => event.replace(/^syvain\.v2\./, "");

/** Of the good replies that were recorded, the first to each event. */
const usualReplies = new Map<string, Reply>();
for (const { requests } of recordedRequests) {
  for (const { body, reply } of requests) {
    if (!Array.isArray(body) || !Array.isArray(reply)) continue;
    for (const [i, { event }] of (body as ReadonlyArray<Envelope>).entries()) {
      const one = (reply as ReadonlyArray<Reply>)[i];
      if (one?.event !== "syvain.v2.error" && one !== undefined && !usualReplies.has(event)) {
        usualReplies.set(event, one);
      }
    }
  }
}

/** The events of a request. */
export const envelopesOf = ({ body }: Pick<Turn, "body">): ReadonlyArray<Envelope> =>
  body === "" ? [] : [JSON.parse(body)].flat();

/** What the service would say. */
export const usualReply = ({ event, messageId }: Envelope): Reply => {
  const { data = {}, event: name = `${event}.answered` } = usualReplies.get(event) ?? {};
  return { correlationId: messageId, event: name, data };
};

export const isSeries = ({ path }: Pick<Turn, "path">): boolean => path.endsWith("/query/series");

/** The lines that answer a question for series: two points of each name. */
export const usualLines = ({ data, messageId }: Envelope): ReadonlyArray<Reply> => {
  const { experimentId, seriesNames = ["acc", "loss"] } = data as {
    readonly experimentId: string;
    readonly seriesNames?: ReadonlyArray<string>;
  };
  const line = (event: string, data: object): Reply => ({
    correlationId: messageId,
    event: `syvain.v2.query.${event}`,
    data,
  });
  return [
    ...seriesNames.flatMap((seriesName) => [
      line("series.data", {
        experimentId,
        seriesName,
        metadata: { split: "train" },
        data: { step: [0, 1], timestampMs: [1, 2], value: [0.5, 0.25] },
      }),
      line("experimentseries.series", { seriesName, batches: 1, points: 2 }),
    ]),
    line("experimentseries.done", {
      series: seriesNames.length,
      batches: seriesNames.length,
      points: 2 * seriesNames.length,
    }),
  ];
};

export const ndjson = (lines: ReadonlyArray<unknown>): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join("");

const authStatus = {
  data: { auth: { kind: "api_key" }, organization: { id: "org-1", name: "Org" } },
  error: null,
};

/** The body of a good answer. */
export const usualBody = (turn: Turn): string => {
  const envelopes = envelopesOf(turn);
  const [first] = envelopes;
  if (first === undefined) return JSON.stringify(authStatus);
  return isSeries(turn)
    ? ndjson(usualLines(first))
    : JSON.stringify(envelopes.map((envelope) => usualReply(envelope)));
};

/** Everything a program on API v2 needs to reach the server. */
export const layerV2 = (
  transport: Transport,
  server: SocketServer,
  options: Partial<KeyOptions> = {},
) =>
  SyvainMetrics.layer({ apiKey: "api-key", host: server.origin, ...options }).pipe(
    Layer.merge(transports[transport]),
    Layer.orDie,
  );

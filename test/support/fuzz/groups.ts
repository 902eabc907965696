/** Every call by group, with a valid answer of the service and the type of its value. */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import type { ConfigService } from "../../../src/ConfigService.ts";
import type { IngestionKeyCache } from "../../../src/IngestionKeyCache.ts";
import type { MetricsApiError } from "../../../src/internal/base/errors.ts";
import * as Metrics from "../../../src/Metrics.ts";
import { type Call, calls } from "../socket-calls.ts";
import type { Valid } from "./answer.ts";

export interface Subject {
  readonly name: string;
  readonly effect: Effect.Effect<
    unknown,
    MetricsApiError,
    ConfigService | HttpClient | IngestionKeyCache
  >;
  readonly valid: Valid;
  /** Is this a value of the type that the call promises? */
  readonly is: (value: unknown) => boolean;
  /** Its answer is not in snake case, as that of other calls. */
  readonly camelCase: boolean;
  /** It needs an ingestion key, which is minted first. */
  readonly mints: boolean;
}

const subjectOf = ({ name, operation, effect, data, mints }: Call): Subject => {
  const streams = operation.stream !== undefined;
  const success = streams ? Schema.Array(Metrics.SeriesBatch) : operation.success;
  return {
    name,
    effect,
    valid: streams
      ? { status: 200, json: data, lines: true }
      : { status: operation.status, json: { data, error: null } },
    is: Schema.is(Schema.toType(success)),
    camelCase: operation.path.startsWith("/query/"),
    mints,
  };
};

const callOf = (name: Call["name"]): Call => calls.find((call) => call.name === name)!;

/** What a mint answers. */
export const mint: Valid = subjectOf(callOf("IngestionKeys.create")).valid;

const subjects = [
  ...calls.map(subjectOf),
  {
    ...subjectOf(callOf("Metrics.querySeries")),
    name: "Metrics.streamSeries",
    effect: Stream.runCollect(Metrics.streamSeries([{ experimentId: "e" }])),
  },
];

const byGroup: Record<string, Array<Subject>> = {};
for (const subject of subjects) (byGroup[subject.name.split(".")[0]!] ??= []).push(subject);

export const groups: { readonly [group: string]: ReadonlyArray<Subject> } = byGroup;

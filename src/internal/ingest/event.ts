/** What an event of v1 may be. */
import * as Result from "effect/Result";
import type { Issue } from "../base/issue.ts";
import { isText, readSeries, type Scalar, type Series } from "../base/plainEvent.ts";
import { type Encode, makeEncode } from "../request/encode.ts";
import { idLength, MetricInput, nameLength } from "../wire/v1/metricInput.ts";

let encode: Encode | undefined;

/** The JSON of an event, or what is wrong with it. */
export const encodeBySchema = (event: unknown): string | Issue => {
  encode ??= makeEncode(MetricInput);
  const encoded = encode(event);
  return Result.isSuccess(encoded) ? JSON.stringify(encoded.success) : encoded.failure;
};

const isScalar = (value: unknown): value is Scalar =>
  typeof value === "string" ||
  typeof value === "boolean" ||
  value === null ||
  Number.isFinite(value);

/** The metadata as it is; `undefined` for any that is not flat. */
export const seriesOf = (metadata: unknown): Series | undefined => readSeries(metadata, isScalar);

export const isName = (name: unknown): name is string => isText(name, nameLength);
export const isEventId = (id: unknown): id is string => isText(id, idLength);

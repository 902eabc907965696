/** Event files as metrics. */
import * as DateTime from "effect/DateTime";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { make as makeEventId } from "../../internal/base/clientEventId.ts";
import type { MetricPoint } from "../../v2/Runs.ts";
import { isName } from "../rows/points.ts";
import { Damaged, readRecords } from "./records.ts";
import { type Scalar, scalarsOf } from "./scalars.ts";

/** What some records hold. */
export interface Read {
  readonly points: ReadonlyArray<MetricPoint>;
  /** How many scalars the service would not take. */
  readonly leftOut: number;
  /** Why the rest of the file is not read. */
  readonly damaged?: string;
}

const isGood = ({ step, tag, timestampMs, value }: Scalar): boolean =>
  Number.isFinite(value) &&
  step >= 0n &&
  step <= BigInt(Number.MAX_SAFE_INTEGER) &&
  Number.isSafeInteger(timestampMs) &&
  timestampMs >= 0 &&
  isName(tag);

/** The id is made of the scalar and of where it stands, so that a file that has grown can be read again. */
const pointOf = ({ step, tag, timestampMs, value }: Scalar, place: string): MetricPoint => ({
  name: tag,
  value,
  step: Number(step),
  timestamp: DateTime.makeUnsafe(timestampMs),
  messageId: makeEventId({
    run: `${place} at ${timestampMs}: ${value}`,
    name: tag,
    step: Number(step),
  }),
});

/** So many points are handed on together. */
const together = 500;

export async function* readPoints(file: string): AsyncGenerator<Read, void> {
  let points: Array<MetricPoint> = [];
  let leftOut = 0;
  let number = 0;
  try {
    for await (const record of readRecords(createReadStream(file))) {
      number++;
      for (const [i, scalar] of scalarsOf(record).entries()) {
        if (isGood(scalar)) {
          points.push(pointOf(scalar, `${basename(file)} ${number}.${i}`));
        } else {
          leftOut++;
        }
      }
      if (points.length < together) continue;
      yield { points, leftOut };
      points = [];
      leftOut = 0;
    }
    yield { points, leftOut };
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    yield { points, leftOut, damaged: `${file}: ${error.message}` };
  }
}

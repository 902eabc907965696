/**
 * Series as JSON text, made of the parts in which the store reads them: no object for a point, and of a series nothing
 * but its text is ever held.
 */
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Stream from "effect/Stream";
import { querySeries } from "../../internal/wire/v1/index.ts";
import type { SeriesEnd, SeriesOrder } from "../../internal/wire/v1/series.ts";
import { asTexts } from "../rules/metrics.ts";
import { type Series, Store, type StoreError } from "../store.ts";

/** How much text is sent at a time, in UTF-16 units. */
const blockSize = 65_536;

/** Joined to blocks of some size: a short text is one. */
const inBlocks = (pieces: ReadonlyArray<string>): ReadonlyArray<string> => {
  const blocks: Array<string> = [];
  let block = "";
  for (const piece of pieces) {
    block += piece;
    if (block.length < blockSize) continue;
    blocks.push(block);
    block = "";
  }
  return block === "" ? blocks : [...blocks, block];
};

interface Written {
  readonly count: number;
  readonly pieces: ReadonlyArray<string>;
}

/** One batch: all points of a series, in three columns one behind another. */
const writeBatch = (
  series: Series,
  { axis, direction }: SeriesOrder,
): Effect.Effect<Written, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store;
    const [steps, times, values]: [Array<string>, Array<string>, Array<string>] = [[], [], []];
    let count = 0;
    const write = (column: Array<string>, part: ReadonlyArray<number | null>) =>
      column.push((count === 0 ? "" : ",") + JSON.stringify(part).slice(1, -1));
    yield* store.points(series, axis, direction).pipe(
      // The next part is read while this one is written.
      Stream.buffer({ capacity: 1 }),
      Stream.runForEach((part) =>
        Effect.sync(() => {
          write(steps, part.steps);
          write(times, part.times);
          write(values, part.values);
          count += part.values.length;
        }),
      ),
    );
    const head = {
      experimentId: series.experimentId,
      metricName: series.name,
      metadataHash: series.hash,
      metadata: asTexts(series.metadata),
    };
    return {
      count,
      pieces: [
        `${JSON.stringify(head).slice(0, -1)},"data":{"steps":[`,
        ...steps,
        '],"timestamp":[',
        ...times,
        '],"value":[',
        ...values,
        "]}}",
      ],
    };
  });

/** A batch a line, the first before the last is read, and at the end how much there was. */
export const streamBatches = (series: ReadonlyArray<Series>, order: SeriesOrder) =>
  Effect.map(Store, (store) => {
    let rowCount = 0;
    const lines = Stream.fromIterable(series, { chunkSize: 1 }).pipe(
      Stream.flatMap((one) =>
        Stream.unwrap(
          Effect.map(writeBatch(one, order), ({ count, pieces }) => {
            rowCount += count;
            return Stream.fromIterable(inBlocks([...pieces, "\n"]), { chunkSize: 1 });
          }),
        ),
      ),
      Stream.concat(
        Stream.sync(() => {
          const end: SeriesEnd = { kind: "complete", batchCount: series.length, rowCount };
          return `${JSON.stringify(end)}\n`;
        }),
      ),
      Stream.encodeText,
      Stream.provideService(Store, store),
    );
    return HttpServerResponse.stream(lines, { contentType: querySeries.stream });
  });

/** All batches in the envelope. */
export const writeBatches = (series: ReadonlyArray<Series>, order: SeriesOrder) =>
  Effect.map(
    Effect.forEach(series, (one) => writeBatch(one, order)),
    (batches) => {
      const pieces = batches.flatMap(({ pieces }, i) => [i === 0 ? "" : ",", ...pieces]);
      return HttpServerResponse.text(`{"data":[${pieces.join("")}],"error":null}`, {
        contentType: "application/json",
      });
    },
  );

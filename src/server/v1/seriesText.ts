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

/** Joined to blocks of some size. */
function* inBlocks(pieces: Iterable<string>): Generator<string> {
  let block = "";
  for (const piece of pieces) {
    block += piece;
    if (block.length < blockSize) continue;
    yield block;
    block = "";
  }
  if (block !== "") yield block;
}

/** The numbers of a column, part by part, each let go when it is written. */
function* written(parts: Array<ReadonlyArray<number>>): Generator<string> {
  for (const [i, part] of parts.entries()) {
    yield (i === 0 ? "" : ",") + JSON.stringify(part).slice(1, -1);
    parts[i] = [];
  }
}

/**
 * One batch: all points of a series, in three columns one behind another. The first is written as it is read; of the
 * others nothing but the numbers is held until then. A short batch is one text.
 */
const writeBatch = (
  series: Series,
  { axis, direction }: SeriesOrder,
  end: string,
  onCount: (count: number) => void,
): Stream.Stream<string, StoreError, Store> =>
  Stream.unwrap(
    Effect.map(Store, (store) => {
      const head = {
        experimentId: series.experimentId,
        metricName: series.name,
        metadataHash: series.hash,
        metadata: asTexts(series.metadata),
      };
      /** Not given out yet. */
      let text = `${JSON.stringify(head).slice(0, -1)},"data":{"steps":[`;
      const take = () => {
        const all = text;
        text = "";
        return all;
      };
      const [times, values]: [Array<ReadonlyArray<number>>, Array<ReadonlyArray<number>>] = [
        [],
        [],
      ];
      function* rest() {
        yield take();
        yield '],"timestamp":[';
        yield* written(times);
        yield '],"value":[';
        yield* written(values);
        yield `]}}${end}`;
      }
      return store.points(series, axis, direction).pipe(
        // The next part is read while this one is written.
        Stream.buffer({ capacity: 1 }),
        Stream.map((part) => {
          text += (times.length === 0 ? "" : ",") + JSON.stringify(part.steps).slice(1, -1);
          times.push(part.times);
          values.push(part.values);
          onCount(part.values.length);
          return text.length < blockSize ? "" : take();
        }),
        Stream.filter((block) => block !== ""),
        Stream.concat(
          Stream.suspend(() => Stream.fromIterable(inBlocks(rest()), { chunkSize: 1 })),
        ),
      );
    }),
  );

/** A batch a line, the first before the last is read, and at the end how much there was. */
export const streamBatches = (series: ReadonlyArray<Series>, order: SeriesOrder) =>
  Effect.map(Store, (store) => {
    let rowCount = 0;
    const lines = Stream.fromIterable(series, { chunkSize: 1 }).pipe(
      Stream.flatMap((one) =>
        writeBatch(one, order, "\n", (count) => {
          rowCount += count;
        }),
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
    Effect.forEach(series, (one) => Stream.runCollect(writeBatch(one, order, "", () => {}))),
    (batches) => {
      const pieces = batches.flatMap((pieces, i) => [i === 0 ? "" : ",", ...pieces]);
      return HttpServerResponse.text(`{"data":[${pieces.join("")}],"error":null}`, {
        contentType: "application/json",
      });
    },
  );

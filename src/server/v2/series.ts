/** Series as lines: some points of one series in columns, how many there were of a name, how many there were at all. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import { firstIssue } from "../../internal/base/issue.ts";
import { maxNames, readSeries } from "../../internal/wire/v2/series.ts";
import { groupBy } from "../groupBy.ts";
import { report } from "../outage.ts";
import { asTexts, hasTexts, select } from "../rules/metrics.ts";
import { type Series, Store, type StoreError } from "../store.ts";
import type { Refusal } from "../rules/refusal.ts";
import { type Asked, errorFor, type Reply, replyTo } from "./envelope.ts";
import { strictly, unfit } from "./events.ts";

const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(readSeries.payload), strictly);

const answer = (asked: Asked) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const query = yield* Effect.mapError(decode(asked.data), (error) => unfit(firstIssue(error)));
    const { experimentId, names, where = {}, has = [], x = "step" } = query;
    if (names !== undefined && names.length > maxNames) {
      return yield* unfit({ path: ["seriesNames"], expected: `at most ${maxNames} names` });
    }
    const filters = [
      ...Object.entries(where).map(([key, value]) => ({ key, value })),
      ...has.map((key) => ({ key })),
    ];
    const chosen = yield* select([{ experimentId, matches: hasTexts(filters) }]);
    const ofName = groupBy(
      chosen.map(({ series }) => series),
      ({ name }) => name,
    );
    const asksFor = new Set(names ?? ofName.keys());
    const total = { series: asksFor.size, batches: 0, points: 0 };

    const pointsOf = (series: Series) => {
      const metadata = asTexts(series.metadata);
      return store.points(series, x, "asc").pipe(
        // The next part is read while this one is written.
        Stream.buffer({ capacity: 1 }),
        Stream.map(({ steps, times, values }) => ({
          experimentId,
          seriesName: series.name,
          metadata,
          data: { step: steps, timestampMs: times, value: values },
        })),
      );
    };
    const linesOf = (seriesName: string): Stream.Stream<Reply, StoreError> =>
      Stream.suspend(() => {
        const count = { batches: 0, points: 0 };
        return Stream.fromIterable(ofName.get(seriesName) ?? [], { chunkSize: 1 }).pipe(
          Stream.flatMap(pointsOf),
          Stream.map((data) => {
            count.batches++;
            count.points += data.data.value.length;
            return replyTo(asked, "syvain.v2.query.series.data", data);
          }),
          Stream.concat(
            Stream.sync(() => {
              total.batches += count.batches;
              total.points += count.points;
              return replyTo(asked, "syvain.v2.query.experimentseries.series", {
                seriesName,
                ...count,
              });
            }),
          ),
        );
      });
    return Stream.fromIterable(asksFor, { chunkSize: 1 }).pipe(
      Stream.flatMap(linesOf),
      Stream.concat(Stream.sync(() => replyTo(asked, readSeries.reply, total))),
    );
  });

const isRefusal = (error: Refusal | StoreError): error is Refusal => error._tag === "Refusal";

/** What goes wrong, also half-way, is the last line. */
export const answerSeries = (asked: Asked): Stream.Stream<Reply, never, Store> =>
  Stream.unwrap(answer(asked)).pipe(
    Stream.catch((error) =>
      isRefusal(error) ? Stream.succeed(errorFor(asked, error)) : Stream.die(error),
    ),
    Stream.catchDefect((defect) =>
      Stream.fromEffect(Effect.as(report(defect), errorFor(asked, defect))),
    ),
  );

const encoder = new TextEncoder();

export const toLine = (reply: Reply): Uint8Array => encoder.encode(`${JSON.stringify(reply)}\n`);

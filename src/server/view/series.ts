/** The series of a question in buckets, as JSON text. */
import * as Effect from "effect/Effect";
import { maxBuckets, type ViewQuery } from "../../internal/wire/view.ts";
import { noStep } from "../buckets.ts";
import { asTexts, select } from "../rules/metrics.ts";
import { Refusal } from "../rules/refusal.ts";
import { type Buckets, type Sample, type Series, Store } from "../store.ts";

const tooMany = (at: number) =>
  new Refusal({
    status: 422,
    message: `body queries[${at}].width: expected one of at most ${maxBuckets} buckets in the range`,
    code: "invalid_request",
  });

// -----------------------------------------------------------------------------
// Text
// -----------------------------------------------------------------------------

/** By hand: there may be very many. */
const numbers = (column: Float64Array): string => {
  const all: Array<number> = [];
  for (let i = 0; i < column.length; i++) all.push(column[i]!);
  return JSON.stringify(all);
};

const steps = (column: Float64Array): string =>
  column.includes(noStep)
    ? JSON.stringify(Array.from(column, (step) => (step === noStep ? null : step)))
    : numbers(column);

const writeBuckets = ({ firstStep, lastStep, ...rest }: Buckets): string => {
  const columns = Object.entries(rest).map(([name, column]) => `"${name}":${numbers(column)}`);
  return `{${columns.join(",")},"firstStep":${steps(firstStep)},"lastStep":${steps(lastStep)}}`;
};

const writeSeries = (
  { name, metadata }: Series,
  { buckets, from, to, ...rest }: Sample,
): string => {
  const extent = rest.count === 0 ? { from: null, to: null } : { from, to };
  const head = JSON.stringify({ name, metadata: asTexts(metadata), ...rest, ...extent });
  return `${head.slice(0, -1)},"buckets":${writeBuckets(buckets)}}`;
};

// -----------------------------------------------------------------------------
// Answer
// -----------------------------------------------------------------------------

/** The text of a {@link ViewAnswer}, in pieces. */
export const readView = ({ queries, axis, points }: ViewQuery) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const chosen = yield* Effect.forEach(queries, ({ experimentId, seriesNames }) =>
      Effect.map(select([{ experimentId }]), (all) => {
        const names = seriesNames === undefined ? undefined : new Set(seriesNames);
        return all.flatMap(({ series }) =>
          names === undefined || names.has(series.name) ? [series] : [],
        );
      }),
    );
    // The next are read while one is written.
    const severalAtOnce = { concurrency: 4 };
    const written = yield* Effect.forEach(
      queries,
      ({ from, to, width }, at) =>
        Effect.forEach(
          chosen[at]!,
          (series) =>
            Effect.flatMap(
              store.sample(series, { axis, points, from, to, width }),
              (sample): Effect.Effect<string, Refusal> =>
                sample === undefined ? tooMany(at) : Effect.succeed(writeSeries(series, sample)),
            ),
          severalAtOnce,
        ),
      severalAtOnce,
    );
    const pieces = queries.flatMap(({ experimentId }, at) => [
      `${at === 0 ? "" : ","}{"experimentId":${JSON.stringify(experimentId)},"series":[`,
      ...written[at]!.flatMap((text, i) => (i === 0 ? [text] : [",", text])),
      "]}",
    ]);
    return ['{"experiments":[', ...pieces, "]}"];
  });

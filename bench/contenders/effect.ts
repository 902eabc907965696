/**
 * Bare effect: one GET and one POST as one would write them by hand, and many events or points on the same transport
 * with JSON alone, without keys, retries or a timeout; events also checked by a schema, as one would write it.
 */
import { Effect, identity, Schema, Stream } from "effect";
import { Ndjson } from "effect/encoding";
import { HttpClient, HttpClientRequest } from "effect/http";
import { contend, host } from "../support/contender.ts";
import * as byHand from "../support/by-hand.ts";
import { tasksOn } from "../support/effect-task.ts";
import { batchSize, onTheWire } from "../support/events.ts";
import { id, input } from "../support/experiment.ts";
import { type Line, Lines, mediaType, queryOf, Reading } from "../support/series.ts";

const { repeat, task } = tasksOn(byHand.layer(host));

const send = (path: string, body: unknown, accept = "application/json") =>
  HttpClientRequest.post(`${host}/api/v1${path}`).pipe(
    HttpClientRequest.bearerToken("key"),
    HttpClientRequest.accept(accept),
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute,
  );

const text = (longest: number) =>
  Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(longest));
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const Event = Schema.Struct({
  client_event_id: text(200),
  name: text(500),
  value: Schema.Finite,
  step: Schema.NullOr(Count),
  timestamp_ms: Schema.optionalKey(Count),
  metadata: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
});
const checked = Schema.encodeUnknownSync(Event);

const ingest = (kind: keyof typeof onTheWire, check: (event: unknown) => unknown) =>
  task((count, concurrency) => {
    let step = 0;
    const one = Effect.gen(function* () {
      while (step < count) {
        const data: Array<unknown> = [];
        while (step < count && data.length < batchSize) {
          data.push(check(onTheWire[kind](step++)));
        }
        const answer = yield* send("/experiments/e/ingest", { data });
        yield* answer.json;
      }
    });
    return Effect.all(
      Array.from({ length: concurrency }, () => one),
      { concurrency, discard: true },
    );
  });

/** The lines split by hand. */
const series = (many: number) =>
  task((count) =>
    Effect.gen(function* () {
      const reading = new Reading();
      const lines = new Lines();
      const answer = yield* send("/query/series", queryOf(`${count}-${many}`), mediaType);
      yield* Stream.runForEach(answer.stream, (chunk) =>
        Effect.sync(() => {
          for (const line of lines.push(chunk)) reading.addLine(JSON.parse(line));
        }),
      );
      reading.check(count);
    }),
  );

/** The lines split by effect. */
const seriesOfNdjson = (many: number) =>
  task((count) =>
    Effect.gen(function* () {
      const reading = new Reading();
      const answer = yield* send("/query/series", queryOf(`${count}-${many}`), mediaType);
      yield* answer.stream.pipe(
        Stream.pipeThroughChannelOrFail(Ndjson.decode()),
        Stream.runForEach((line) => Effect.sync(() => reading.addLine(line as Line))),
      );
      reading.check(count);
    }),
  );

contend({
  get: repeat(byHand.get(id)),
  post: repeat(byHand.create(input)),
  "ingest plain": ingest("plain", identity),
  "ingest full": ingest("full", identity),
  "checked plain": ingest("plain", checked),
  "checked full": ingest("full", checked),
  "series 1": series(1),
  "series 1000": series(1000),
  "ndjson 1": seriesOfNdjson(1),
  "ndjson 1000": seriesOfNdjson(1000),
});

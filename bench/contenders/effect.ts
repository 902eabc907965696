/**
 * Bare effect: one GET and one POST as one would write them by hand, and many events or metrics on the same transport with JSON alone, without
 * checks, keys, retries or a timeout.
 */
import { Effect } from "effect";
import { HttpClient, HttpClientRequest } from "effect/http";
import { contend, host } from "../support/contender.ts";
import * as byHand from "../support/by-hand.ts";
import { tasksOn } from "../support/effect-task.ts";
import { batchSize, onTheWire } from "../support/events.ts";
import { id, input } from "../support/experiment.ts";
import { type Page, Reading } from "../support/reading.ts";

const { repeat, task } = tasksOn(byHand.layer(host));
const url = `${host}/api/v1/experiments`;

const send = (request: HttpClientRequest.HttpClientRequest) =>
  request.pipe(
    HttpClientRequest.bearerToken("key"),
    HttpClientRequest.acceptJson,
    HttpClient.execute,
    Effect.flatMap(({ json }) => json),
  );

const ingest = (kind: keyof typeof onTheWire) =>
  task((count, concurrency) => {
    let step = 0;
    let stored = 0;
    const one = Effect.gen(function* () {
      while (step < count) {
        const metrics: Array<unknown> = [];
        while (step < count && metrics.length < batchSize) metrics.push(onTheWire[kind](step++));
        const answer = yield* HttpClientRequest.post(`${url}/e/metrics`).pipe(
          HttpClientRequest.bodyJsonUnsafe({ metrics }),
          send,
        );
        stored += (answer as unknown as { accepted: number }).accepted;
      }
    });
    return Effect.all(
      Array.from({ length: concurrency }, () => one),
      { concurrency, discard: true },
    ).pipe(
      Effect.map(() => {
        if (stored !== count) throw new Error(`${stored} of ${count} were stored`);
      }),
    );
  });

const stream = (kind: keyof typeof onTheWire) =>
  task((count) =>
    Effect.gen(function* () {
      const list = HttpClientRequest.get(`${url}/${kind}-${count / batchSize}/metrics`);
      const reading = new Reading();
      let cursor: string | null = null;
      do {
        const request =
          cursor === null ? list : HttpClientRequest.setUrlParam(list, "cursor", cursor);
        const page = (yield* send(request)) as unknown as Page;
        reading.add(page.metrics);
        cursor = page.next_cursor;
      } while (cursor !== null);
      reading.check(count);
    }),
  );

contend({
  get: repeat(byHand.get(id)),
  post: repeat(byHand.create(input)),
  "ingest plain": ingest("plain"),
  "ingest full": ingest("full"),
  "stream plain": stream("plain"),
  "stream full": stream("full"),
});

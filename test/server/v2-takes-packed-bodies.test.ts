/** Bodies may come packed with gzip, to either API, as every answer says; no more of them is unpacked than a plain one may have. */
import { assert } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { gzipSync } from "node:zlib";
import { ask, event, metric, onEachStore, one, open } from "../support/bothApis.ts";

const packed = { "content-encoding": "gzip" };
const mebibyte = 1024 * 1024;

const outcomeOf = ({ status, text }: { readonly status: number; readonly text: string }) =>
  status === 200 || status === 201 ? String(status) : `${status} ${JSON.parse(text).error.message}`;

onEachStore("what came packed is as what came plain", function* () {
  const { experimentId, experimentToken } = yield* open("run");
  const events = Array.from({ length: 1000 }, (_, step) => {
    const [name, data] = metric(step, step / 3, { meta: { text: "é".repeat(20) } });
    return event(`experiment.${name}`, { experimentId, ...data });
  });
  const body = gzipSync(JSON.stringify(events));
  const answer = yield* ask("POST", `/api/v2/experiments/${experimentId}/events`, {
    bearer: experimentToken,
    headers: packed,
    body,
  });
  assert.strictEqual(answer.status, 200);
  assert.strictEqual(answer.headers.get("accept-encoding"), "gzip");
  assert.lengthOf(JSON.parse(answer.text), 1000);
  const { data } = yield* one("query.revisions", { experimentIds: [experimentId] });
  assert.deepInclude((data["revisions"] as ReadonlyArray<object>)[0], { seriesRevision: 1000 });

  const v1 = yield* ask("POST", "/api/v1/experiments", {
    headers: packed,
    body: gzipSync(JSON.stringify({ slug: "é", metadata: { a: 1 } })),
  });
  assert.strictEqual(v1.status, 201);
  assert.strictEqual(v1.headers.get("accept-encoding"), "gzip");
  assert.deepInclude(JSON.parse(v1.text).data.experiment, { slug: "é", metadata: { a: 1 } });
});

onEachStore("a body that unpacks to more than 16 MiB is 413, a wrong one 400 or 415", function* () {
  const post = (body: Uint8Array, headers: Record<string, string> = packed) =>
    Effect.map(ask("POST", "/api/v2/events", { headers, body }), outcomeOf);
  const text = JSON.stringify([event("foldertree.read", {})]);
  const fits = gzipSync(text.padEnd(16 * mebibyte, " "));
  assert.isBelow(fits.length, mebibyte);
  assert.strictEqual(yield* post(fits), "200");
  const bomb = gzipSync(Buffer.alloc(64 * mebibyte, " "));
  assert.isBelow(bomb.length, mebibyte);
  assert.strictEqual(yield* post(bomb), "413 body: expected at most 16777216 bytes");
  assert.strictEqual(yield* post(Buffer.from(text)), "400 body: expected gzip");
  assert.strictEqual(yield* post(gzipSync(text).subarray(0, 20)), "400 body: expected gzip");
  assert.strictEqual(
    yield* post(gzipSync(text), { "content-encoding": "br" }),
    "415 body: expected no encoding, or gzip",
  );
  assert.strictEqual(
    yield* post(gzipSync(gzipSync(text)), { "content-encoding": "gzip, gzip" }),
    "415 body: expected no encoding, or gzip",
  );
  assert.strictEqual(yield* post(Buffer.from(text), { "content-encoding": "identity" }), "200");
});

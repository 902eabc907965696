/** Points written by hand are what the schema of the contract writes, and no other point is let by. */
import { assert, it } from "@effect/vitest";
import { inspect } from "node:util";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { Gathering } from "../../src/internal/runs/points.ts";
import { MetricPoint } from "../../src/internal/wire/v2/runs.ts";
import { strangeEvents } from "../support/strange-events.ts";

const experimentId = 'é"\\';
const now = 1_700_000_000_000;
const bySchema = Schema.encodeUnknownResult(MetricPoint, { onExcessProperty: "error" });
const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

const assertSame = (gathering: Gathering, point: unknown): void => {
  const issue = gathering.add(point, 0);
  const its = bySchema(point);
  assert.strictEqual(issue === undefined, Result.isSuccess(its), inspect(issue));
  if (Result.isFailure(its)) return;
  const { body, ids } = gathering.take()!;
  const [id = "none"] = ids;
  const { messageId = id, meta = {}, timestampMs = now, ...rest } = its.success;
  assert.deepStrictEqual(ids, [messageId]);
  if (its.success.messageId === undefined) assert.match(id, uuid);
  const envelope = {
    messageId,
    event: "syvain.v2.experiment.metric",
    data: { experimentId, timestampMs, meta, ...rest },
  };
  // What JSON makes of it: no `-0` is left.
  const expected = JSON.parse(JSON.stringify([envelope]));
  assert.deepStrictEqual(JSON.parse(new TextDecoder().decode(body)), expected);
};

const plain = { name: "n", value: 1, step: 0 };
const strange = strangeEvents(plain, "messageId");
const values = [
  ...strange,
  ...strangeEvents({ ...plain, messageId: "m" }, "messageId"),
  { ...plain, metadata: { a: "1", b: "é\n" } },
  { ...plain, metadata: { a: 1 } },
  { ...plain, messageId: undefined },
];

it("of any point, whatever came before", () => {
  for (const value of values) assertSame(new Gathering(experimentId, () => now), value);
  const gathering = new Gathering(experimentId, () => now);
  for (const before of strange) {
    for (const after of strange) {
      gathering.add(before, 0);
      gathering.take();
      assertSame(gathering, after);
    }
  }
});

it("what becomes of a point afterwards does not matter", () => {
  const gathering = new Gathering(experimentId, () => now);
  const metadata: Record<string, string> = { a: "1" };
  const point = { ...plain, metadata };
  for (let step = 0; step < 3; step++) {
    metadata["a"] = `${step}`;
    gathering.add(Object.assign(point, { step, value: step / 2 }), step);
  }
  metadata["a"] = "gone";
  const { body, indexes } = gathering.take()!;
  const events: ReadonlyArray<{ readonly data: { readonly step: number; readonly meta: object } }> =
    JSON.parse(new TextDecoder().decode(body));
  assert.deepStrictEqual(
    events.map(({ data }) => [data.step, data.meta]),
    [0, 1, 2].map((step) => [step, { a: `${step}` }]),
  );
  assert.deepStrictEqual(indexes, [0, 1, 2]);
});

it("no two points have the same id, in whatever call and however many", () => {
  const ids = new Set<string>();
  for (let call = 0; call < 20; call++) {
    const gathering = new Gathering(experimentId, () => now);
    for (let step = 0; step < 1000; step++) gathering.add(plain, step);
    for (const id of gathering.take()!.ids) ids.add(id);
  }
  assert.strictEqual(ids.size, 20_000);
});

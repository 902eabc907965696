/** An answer that is known without being parsed is what a parser would find, and none that was garbled is. */
import { assert, it } from "@effect/vitest";
import { areRecorded } from "../../src/internal/runs/recorded.ts";

const ids = ["id-1", "id-2", "id-3"];
const event = "syvain.v2.experiment.metricRecorded";
const data = { experimentId: "exp-1" };

/** What a parser finds. */
const isGood = (text: string): boolean => {
  let replies: unknown;
  try {
    replies = JSON.parse(text);
  } catch {
    return false;
  }
  return (
    Array.isArray(replies) &&
    replies.length === ids.length &&
    replies.every(
      (reply, i) =>
        reply?.correlationId === ids[i] &&
        reply.event === event &&
        typeof reply.data === "object" &&
        reply.data !== null,
    )
  );
};

/** In the orders that its fields may have, and with more in it. */
const plain: ReadonlyArray<(correlationId: string) => object> = [
  (correlationId) => ({ correlationId, event, data }),
  (correlationId) => ({ correlationId, data, event, server: "é" }),
  (correlationId) => ({ data: {}, event, correlationId, sentAt: 12, nothing: null }),
];

/** And with what is not the same in all of them, or is not seen at a glance. */
const shapes: ReadonlyArray<(correlationId: string, i: number) => object> = [
  ...plain,
  (correlationId, i) => ({ messageId: `m-${i * 7}`, correlationId, event, data }),
  (correlationId) => ({ messageId: correlationId, correlationId, event, data }),
  (correlationId) => ({ event, data: { "a}": "},{", b: [1, { c: {} }] }, correlationId }),
];

it("the good replies are that differ in their ids, whatever the order of their fields", () => {
  for (const shape of plain) {
    assert.isTrue(areRecorded(JSON.stringify(ids.map(shape)), ids));
    assert.isTrue(areRecorded(JSON.stringify([shape("id-1")]), ["id-1"]));
  }
});

it("those of which more would have to be read are left to a parser", () => {
  for (const shape of shapes.slice(plain.length)) {
    const text = JSON.stringify(ids.map(shape));
    assert.isTrue(isGood(text));
    assert.isFalse(areRecorded(text, ids));
  }
});

it("whatever stands in an answer, it is not good unless a parser finds that it is", () => {
  let [good, others] = [0, 0];
  const check = (text: string) => {
    if (areRecorded(text, ids)) {
      assert.isTrue(isGood(text), text);
      good++;
    } else others++;
  };
  for (const shape of shapes) {
    const text = JSON.stringify(ids.map(shape));
    check(text);
    for (let at = 0; at <= text.length; at++) {
      check(text.slice(0, at));
      check(text.slice(at));
      check(text.slice(0, at) + text.slice(at + 1));
      for (const character of ['"', "\\", "{", "}", "[", "]", ",", ":", "1", " ", "\n", "é"]) {
        check(text.slice(0, at) + character + text.slice(at));
        check(text.slice(0, at) + character + text.slice(at + 1));
      }
    }
  }
  assert.isAbove(good, 150);
  assert.isAbove(others, 10_000);
});

it("replies that are other ones, in another order, or too few or many, are not", () => {
  for (const shape of shapes) {
    const replies = ids.map(shape);
    const [first, second, third] = replies;
    for (const others of [
      [],
      [first],
      [first, second],
      [first, third, second],
      [first, first, first],
      [...replies, third],
      [first, { ...second, event: "syvain.v2.error" }, third],
      [first, second, { ...third, data: null }],
      [first, second, { ...third, correlationId: "id-4" }],
      [first, second, { ...third, correlationId: null }],
      ids.map((id, i) => ({ ...shape("id-1", i), messageId: id })),
      [null, ...replies.slice(1)],
      replies.map((reply) => [reply]),
    ]) {
      assert.isFalse(areRecorded(JSON.stringify(others), ids));
    }
    assert.isFalse(areRecorded(JSON.stringify(replies), ['id","1', ...ids.slice(1)]));
  }
});

it("an id that JSON escapes, or that is escaped in an answer, is left to a parser", () => {
  const text = JSON.stringify(ids.map((correlationId) => ({ correlationId, event, data })));
  // Its parser finds "a", which nobody asked for.
  const broken = 'a","x":"b';
  for (const id of [broken, "a\nb", "a\u0000", "a\\"]) {
    assert.isFalse(areRecorded(text.replace("id-2", id), ["id-1", id, "id-3"]));
  }
  // Of all three the first message is the one that is answered.
  const noted = ids.map(
    (note) => `{"correlationId":"\\u0069d-1","event":"${event}","data":{},"note":"${note}"}`,
  );
  assert.isFalse(areRecorded(`[${noted.join(",")}]`, ids));
});

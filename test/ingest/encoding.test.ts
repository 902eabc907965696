/** Events written by hand are, to the byte, what the schema of the contract writes, and no other event is let by. */
import { assert, it } from "@effect/vitest";
import { inspect } from "node:util";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { MetricInput } from "../../src/internal/wire/v1/metricInput.ts";
import { EventEncoder } from "../../src/internal/ingest/eventEncoder.ts";
import { Utf8 } from "../../src/internal/base/utf8.ts";
import { strangeEvents } from "../support/strange-events.ts";

const encoder = new EventEncoder();

/** As a batch encodes it. */
const encodeEvent = (event: unknown) => {
  const out = new Utf8();
  const issue = encoder.encode(out, event);
  return issue ?? new TextDecoder().decode(out.array.subarray(0, out.length));
};

const strict = { onExcessProperty: "error" } as const;
const bySchema = Schema.encodeUnknownResult(MetricInput, strict);

const assertSame = (event: unknown): void => {
  const mine = encodeEvent(event);
  const its = bySchema(event);
  assert.strictEqual(typeof mine === "string", Result.isSuccess(its));
  if (Result.isSuccess(its)) assert.strictEqual(mine, JSON.stringify(its.success));
};

it.effect("of any event", () =>
  Effect.gen(function* () {
    const failure = Arbitrary.formatCheckFailure(
      yield* Arbitrary.checkEffect(
        Arbitrary.schema(MetricInput),
        (event) => Effect.try({ try: () => (assertSame(event), true), catch: String }),
        { runs: 300, maxDiscards: 100_000 },
      ),
    );
    if (failure !== undefined) assert.fail(failure);
  }),
);

const plain = { clientEventId: "c", name: "n", value: 1 };
const values = strangeEvents(plain, "clientEventId");
for (const [i, value] of values.entries()) {
  it(`of event ${i}, ${inspect(value, { breakLength: Infinity })}`, () => assertSame(value));
}

it("whatever came before", () => {
  for (const before of values) {
    for (const after of values) {
      encodeEvent(before);
      assertSame(after);
    }
  }
  const metadata: Record<string, unknown> = { a: 1 };
  for (const value of [1, 2, "2", -0, undefined, null, { a: 1 }, Number.NaN]) {
    metadata["a"] = value;
    assertSame({ ...plain, metadata });
    metadata["b"] = value;
    assertSame({ ...plain, metadata });
    delete metadata["b"];
    assertSame({ ...plain, metadata });
  }
});

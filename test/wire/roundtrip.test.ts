/** What the contract writes it reads, and writes again as it was: so client and server understand each other. */
import { assert, describe, it } from "@effect/vitest";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as contract from "../../src/internal/wire/v1/index.ts";
import type { Operation } from "../../src/internal/wire/operation.ts";

const operations: ReadonlyArray<Operation> = Object.values(contract);

for (const part of ["query", "payload", "success"] as const) {
  describe(`the ${part} of`, () => {
    for (const operation of operations) {
      const schema = operation[part];
      if (schema === undefined) continue;
      it.effect(operation.name, () =>
        Effect.gen(function* () {
          const encode = (value: unknown) =>
            JSON.stringify(Schema.encodeUnknownSync(schema)(value));
          const survives = (value: unknown) =>
            Effect.sync(() => {
              const wire = encode(value);
              const json: unknown = JSON.parse(wire);
              // V8 may read a name that is escaped as another one (nodejs/node#63785).
              if (JSON.stringify(json) !== wire) return true;
              assert.strictEqual(encode(Schema.decodeUnknownSync(schema)(json)), wire);
              return true;
            });
          // The smallest values are none that every schema has.
          for (let size = 2; size < 32; size++) {
            const failure: string | undefined = Arbitrary.formatCheckFailure(
              yield* Arbitrary.checkEffect(Arbitrary.schema(schema), survives, {
                runs: 1,
                size,
                maxDiscards: 10_000,
              }),
            );
            if (failure !== undefined) assert.fail(failure);
          }
        }),
      );
    }
  });
}

/** What the service's client of 0.0.62 refuses: ours refuses it too, names the field, and sends nothing. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as IngestionKeyCache from "../../src/IngestionKeyCache.ts";
import { type Asked, layerAnswering } from "../support/answering.ts";
import { answerTo } from "../support/sample-data.ts";
import { pythonCall } from "./python.ts";

interface Entry {
  readonly call: string;
  readonly args: unknown;
  readonly raises: {
    readonly class: string;
    readonly errors?: ReadonlyArray<{
      readonly loc: ReadonlyArray<string | number>;
      readonly type: string;
    }>;
  };
}

interface Exception {
  readonly reason: string;
  readonly applies: (entry: Entry) => boolean;
}

/** What ours takes. */
const exceptions: ReadonlyArray<Exception> = [
  {
    reason: "a step that is left out is none",
    applies: ({ raises }) =>
      raises.errors?.every(({ loc, type }) => loc.at(-1) === "step" && type === "missing") === true,
  },
];

/** The name of a field here. */
const ourName = (python: string): string =>
  python
    .replace(/^data$/, "metrics")
    .replace(/_ms$/, "")
    .replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const file = new URL("../fixtures/validation-0.0.62.json", import.meta.url);
const entries: ReadonlyArray<Entry> = JSON.parse(readFileSync(file, "utf8"));

describe("what 0.0.62 refuses", () => {
  for (const [index, entry] of entries.entries()) {
    const { args, call, raises } = entry;
    const fields = (raises.errors ?? []).map(({ loc, type }) => `${loc.join(".")} ${type}`);
    it.live(`${index}: ${call}: ${fields.join(", ") || raises.class}`, () =>
      Effect.gen(function* () {
        const asked: Array<Asked> = [];
        const client = layerAnswering(
          ({ request, url }) => new Response(answerTo(request.method, url.pathname)),
          { asked },
        );
        const calling = Effect.provide(
          pythonCall(call, args),
          Layer.merge(client, IngestionKeyCache.layer),
        );
        if (exceptions.some(({ applies }) => applies(entry))) {
          yield* calling;
          return;
        }
        const error = yield* Effect.flip(calling);
        assert(error._tag === "MetricsApiRequestError", error.message);
        assert(error.reason._tag === "InvalidRequest", error.message);
        assert.deepStrictEqual(asked, []);
        assert.strictEqual(error.attempts, 0);
        const { path } = error.reason;
        for (const { loc } of raises.errors ?? []) {
          // A complaint about the whole names none, and one is made at a time.
          const field = loc.findLast((key) => typeof key === "string");
          if (field !== undefined && raises.errors?.length === 1) {
            assert.include(path.join("."), ourName(field), error.message);
          }
        }
      }),
    );
  }
});

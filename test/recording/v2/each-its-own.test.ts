/** What was recorded for one API is never sent over the other. */
import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as References from "effect/References";
import { readdirSync } from "node:fs";
import * as Collector from "../../../src/Collector.ts";
import * as Faults from "../../../src/testing/Faults.ts";
import { server, temporaryDirectory } from "../../support/processes.ts";
import { collecting, stored, withDirectory } from "../../support/recording.ts";
import { resend } from "../../support/resend.ts";

const manually = { recoverOnStart: false };

const leave = (directory: string, api: "v1" | "v2") =>
  Effect.gen(function* () {
    const recorder = yield* Collector.experiment({ slug: "iris" });
    yield* Faults.status(503, { times: Infinity });
    yield* recorder.metric("loss", 1, { step: 1 });
    return (yield* recorder.experiment).id;
  }).pipe(
    Effect.scoped,
    Effect.ensuring(Faults.clear),
    Effect.provide(collecting(directory, { ...manually, api })),
  );

const recover = (directory: string, api: "v1" | "v2") =>
  Effect.provide(Collector.recover, collecting(directory, { ...manually, api }));

describe("what a recorder left", () => {
  for (const [own, other] of [
    ["v1", "v2"],
    ["v2", "v1"],
  ] as const) {
    it.live(`over ${own} is left alone over ${other}, which says so, and sent over ${own}`, () =>
      withDirectory((directory) =>
        Effect.gen(function* () {
          const id = yield* leave(directory, own);
          const before = (yield* Faults.requests).length;
          const { leftAlone, ...others } = yield* recover(directory, other);
          assert.deepStrictEqual(others, { delivered: 0, refused: 0, remaining: 0 });
          assert.deepStrictEqual(
            leftAlone.map(({ detail, reason }) => [reason, detail]),
            [["other", `iris is for API ${own} of https://metrics.test`]],
          );
          assert.lengthOf(yield* Faults.requests, before);
          assert.deepInclude(yield* recover(directory, own), { delivered: 1, leftAlone: [] });
          assert.lengthOf(yield* stored(id), 1);
          assert.deepStrictEqual(readdirSync(directory), []);
        }),
      ),
    );
  }

  it.live("over either is sent by the command, in one go", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory;
      yield* leave(directory, "v1");
      const id = yield* leave(directory, "v2");
      const { code, stderr, stdout } = yield* resend(directory);
      assert.strictEqual(stdout, "2 events delivered.\n");
      assert.notInclude(stderr, "left alone");
      assert.strictEqual(code, 0);
      assert.deepStrictEqual(yield* stored(id), ["loss/1"]);
      assert.deepStrictEqual(readdirSync(directory), []);
    }).pipe(
      Effect.scoped,
      Effect.provide(server),
      Effect.provideService(References.MinimumLogLevel, "None"),
    ),
  );

  it.live("over both is one event, where it is the same", () =>
    withDirectory((directory) =>
      Effect.gen(function* () {
        const id = yield* leave(directory, "v1");
        yield* leave(directory, "v2");
        yield* recover(directory, "v1");
        yield* recover(directory, "v2");
        assert.deepStrictEqual(yield* stored(id), ["loss/1"]);
      }),
    ),
  );
});

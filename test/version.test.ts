import { assert, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import manifest from "../package.json" with { type: "json" };
import * as Auth from "../src/Auth.ts";
import { version } from "../src/internal/version.ts";
import { type Asked, layerAnswering } from "./support/answering.ts";

it("the version of the sources is the version of package.json", () => {
  assert.strictEqual(version, manifest.version);
});

it.effect("every request names it", () =>
  Effect.gen(function* () {
    const asked: Array<Asked> = [];
    const answer = () => Response.json({ authenticated: true, organization: null, key: null });
    yield* Effect.provide(Auth.status, layerAnswering(answer, { asked }));
    const expected = `syvain-metrics-effect/${manifest.version}`;
    assert.strictEqual(asked[0]?.request.headers["user-agent"], expected);
  }),
);

import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import { assert, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { createServer } from "node:http";
import { makeApp } from "../../src/server/app.ts";
import { serveApp } from "../../src/server/http.ts";
import { makeMemoryStore } from "../../src/server/memory.ts";
import { layerNotBuilt, type Site } from "../../src/server/site.ts";
import { Store } from "../../src/server/store.ts";

const settings = {
  isApiKey: () => true,
  organization: { id: "organization", name: "Reference" },
  ingestionKeyTtl: Duration.hours(24),
};

/** What a server answers at `/`. */
const atRoot = (site?: Site) =>
  Effect.gen(function* () {
    const { answer } = yield* makeApp(settings, undefined, site);
    const host = yield* serveApp(answer);
    return yield* Effect.promise(async () => {
      const response = await fetch(host);
      return { status: response.status, text: await response.text() };
    });
  }).pipe(
    Effect.scoped,
    Effect.provideService(Store, makeMemoryStore()),
    Effect.provide(
      NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }).pipe(Layer.orDie),
    ),
  );

it.live("a server whose page is not built says so, and how it is built, in one sentence", () =>
  Effect.gen(function* () {
    const { status, text } = yield* atRoot(layerNotBuilt);
    assert.strictEqual(status, 404);
    assert.match(text, /^The page is not built: .*npm run build.*\.\n$/);
  }),
);

it.live("a server without a page, as in tests, has nothing at its root", () =>
  Effect.gen(function* () {
    const { status, text } = yield* atRoot();
    assert.strictEqual(status, 404);
    assert.strictEqual(JSON.parse(text).error.message, "there is no /");
  }),
);

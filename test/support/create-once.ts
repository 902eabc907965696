/** A job that creates its folder once, however often it is started: it keeps the key of the call in a file before it makes the call. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Folders from "../../src/Folders.ts";
import * as IdempotencyKey from "../../src/IdempotencyKey.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";

const [file, host, apiKey] = process.argv.slice(2) as [string, string, string];
if (!existsSync(file)) writeFileSync(file, crypto.randomUUID());

const { folder } = await Effect.runPromise(
  Folders.create({ name: "nightly" }).pipe(
    IdempotencyKey.withKey(readFileSync(file, "utf8")),
    Effect.provide(
      Layer.merge(SyvainMetrics.layer({ apiKey, host, timeout: "1 hour" }), FetchHttpClient.layer),
    ),
  ),
);
console.log(folder.folderId);

import { assert, it } from "@effect/vitest";
import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Auth from "../src/Auth.ts";
import * as Experiments from "../src/Experiments.ts";
import * as Metrics from "../src/Metrics.ts";
import * as SyvainMetrics from "../src/SyvainMetrics.ts";
import { Faults, MetricsServer } from "../src/testing.ts";
import { inVirtualTime } from "./support/virtual-time.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const shown = readme.split("```text\n")[1]!.split("```")[0]!.trim().split("\n");

it.effect("the errors in the README are printed as they are shown", () =>
  Effect.gen(function* () {
    const headers = { "x-request-id": "req_7f3a" };
    yield* Faults.status(409, {
      headers,
      body: JSON.stringify({ detail: 'the slug "iris" is taken' }),
    });
    const conflict = Experiments.create({ slug: "iris" });

    const experiment = { id: "e1", slug: "iris", description: null, status: "done" };
    yield* Faults.garbage({
      match: { method: "GET" },
      contentType: "application/json",
      body: JSON.stringify({ experiment }),
    });
    const misshapen = Experiments.get("e1");

    const invalid = Metrics.ingest("e1", [{ clientEventId: "1", name: "loss", value: Number.NaN }]);

    const insecure = Auth.status.pipe(
      Effect.provide(
        SyvainMetrics.layer({ apiKey: "key", host: "http://metrics.example.com" }).pipe(
          Layer.provideMerge(FetchHttpClient.layer),
        ),
      ),
    );

    const printed = [
      String(yield* Effect.flip(conflict)),
      String(yield* Effect.flip(invalid)),
      String(yield* Effect.flip(misshapen)),
      String(yield* Effect.flip(insecure)),
    ];
    yield* Faults.status(429, { times: 5, retryAfter: "7", body: "" });
    printed.push(String(yield* inVirtualTime(Effect.flip(Experiments.list()))));
    assert.deepStrictEqual(shown, printed);
  }).pipe(Effect.provide(MetricsServer.layerClient())),
);

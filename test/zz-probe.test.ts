import { it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Tracer from "effect/Tracer";
import * as Duration from "effect/Duration";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpBody from "effect/http/HttpBody";
import * as Redacted from "effect/Redacted";
import { inspect } from "node:util";
import { Faults, MetricsServer } from "../src/testing.ts";
import { raw } from "./support/raw.ts";

it.effect("probe", () =>
  Effect.gen(function* () {
    const server = yield* MetricsServer.MetricsServer;
    const key = Redacted.value(server.apiKey);
    const show = (what: string, r: any) =>
      console.log(
        what,
        r.status,
        r.headers["content-type"],
        r.headers["x-request-id"],
        r.text.slice(0, 300),
      );
    const exp = (yield* raw("POST", "/experiments", { body: { slug: "a" } })).json.experiment.id;
    for (const b of ["5", "[]", '"x"', "null", '{"a":1}'])
      show("ik " + b, yield* raw("POST", `/experiments/${exp}/ingestion-keys`, { body: b }));
    const send = (ct: string | undefined, body: string) =>
      HttpClient.execute(
        HttpClientRequest.make("POST")(`${server.host}/api/v1/experiments`, {
          headers: { authorization: `Bearer ${key}`, "idempotency-key": Math.random() + "" },
          body:
            ct === undefined
              ? HttpBody.uint8Array(new TextEncoder().encode(body))
              : HttpBody.text(body, ct),
        }),
      ).pipe(
        Effect.flatMap((r) =>
          Effect.map(r.text, (text) => ({ status: r.status, headers: r.headers, text })),
        ),
      );
    show("text/plain", yield* send("text/plain", '{"slug":"b"}'));
    show("no ct", yield* send(undefined, '{"slug":"c"}'));
    show("form", yield* send("application/x-www-form-urlencoded", "slug=d"));
    show("json charset", yield* send("application/json; charset=utf-8", '{"slug":"e"}'));
    show("bad pct", yield* raw("GET", "/folders/%zz"));
    show("bad pct2", yield* raw("GET", "/folders/%ff"));
    show("repeat q", yield* raw("GET", "/experiments?status=a&status=b"));
    show(
      "dup __proto__",
      yield* raw("POST", "/experiments", { body: '{"slug":"p","metadata":{"__proto__":{"a":1}}}' }),
    );
    show(
      "two errors",
      yield* raw("POST", "/experiments", { body: '{"slug":1,"description":2,"x":3}' }),
    );
    show(
      "deep",
      yield* raw("POST", "/metrics/compare", {
        body: {
          series: [
            { experiment_id: exp, metric_name: "a" },
            { experiment_id: 1, metric_name: "a" },
          ],
        },
      }),
    );
    show("HEAD", yield* raw("HEAD" as any, "/folders"));
    show("OPTIONS", yield* raw("OPTIONS" as any, "/folders"));
    show(
      "folder null create",
      yield* raw("POST", "/folders", { body: { name: "a", parent_id: null } }),
    );
    show("patch {}", yield* raw("PATCH", `/experiments/${exp}`, { body: {} }));
    show(
      "basic auth",
      yield* raw("GET", "/folders", { bearer: null, headers: { authorization: "Basic abc" } }),
    );
    show(
      "lower bearer",
      yield* raw("GET", "/folders", { bearer: null, headers: { authorization: "bearer " + key } }),
    );
    show("trailing slash", yield* raw("GET", "/folders/"));
    show("case path", yield* raw("GET", "/FOLDERS"));
    show("no auth + unknown", yield* raw("GET", "/nothing", { bearer: null }));
    show(
      "no auth + bad body",
      yield* raw("POST", "/experiments", {
        bearer: null,
        body: "{",
        headers: { "idempotency-key": "" },
      }),
    );
    yield* Faults.status(503, { retryAfter: Duration.millis(1500) });
    const f = yield* raw("GET", "/folders");
    show("fault", f);
    console.log(f.headers["retry-after"]);
    yield* Faults.status(503, { times: 0 });
    show("times 0", yield* raw("GET", "/folders"));
    yield* Faults.status(503, { times: 3, match: { path: /folders/g } });
    for (let i = 0; i < 4; i++) show("g", yield* raw("GET", "/folders"));
    yield* Faults.clear;
    const spans: Array<string> = [];
    const tracer = Tracer.make({
      span(o: any) {
        spans.push(o.name + " " + o.kind);
        return new (Tracer as any).NativeSpan(o);
      },
    });
    yield* raw("POST", "/folders", { body: { name: "x" } }).pipe(
      Effect.provideService(Tracer.Tracer, tracer),
    );
    console.log("spans", spans);
    const log = yield* Faults.requests;
    console.log(
      inspect(log[0], { depth: 10 }),
      String(log[0]),
      inspect(log, { depth: 10, showHidden: true }).includes(key),
      inspect(server, { depth: 10 }),
    );
  }).pipe(Effect.provide(MetricsServer.layer)),
);

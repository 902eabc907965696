/** A receiver of OTLP in JSON over HTTP, and the parts of the protocol that the tests read. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as Otlp from "effect/observability/Otlp";

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string };
}
export interface Span {
  readonly name: string;
  readonly kind: number;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: ReadonlyArray<Attribute>;
  readonly status: { readonly code: number };
  readonly events: ReadonlyArray<{
    readonly name: string;
    readonly attributes: ReadonlyArray<Attribute>;
  }>;
}
export interface Point {
  readonly attributes: ReadonlyArray<Attribute>;
  readonly asDouble?: number;
  readonly count?: number | string;
  readonly sum?: number;
  readonly explicitBounds?: ReadonlyArray<number>;
}
interface Points {
  readonly dataPoints: ReadonlyArray<Point>;
}
export interface OtlpMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: Points;
  readonly histogram?: Points;
}

/** The attributes as a record. */
export const record = (attributes: ReadonlyArray<Attribute>): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );

export interface Received {
  /** Every body that came, as text. */
  readonly bodies: Array<{ readonly path: string; readonly text: string }>;
  readonly spans: () => ReadonlyArray<Span>;
  /** As the last export told them. */
  readonly metrics: () => ReadonlyArray<OtlpMetric>;
}

/** A receiver until the scope closes, and the layer that exports to it. */
export const receiver = Effect.acquireRelease(
  Effect.callback<{
    readonly received: Received;
    readonly layer: Layer.Layer<never>;
    readonly close: () => void;
  }>((resume) => {
    const bodies: Received["bodies"] = [];
    const server = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      request.on("end", () => {
        bodies.push({ path: request.url ?? "", text });
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      });
    });
    const parsed = (path: string) =>
      bodies.filter((body) => body.path === path).map(({ text }) => JSON.parse(text));
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resume(
        Effect.succeed({
          received: {
            bodies,
            spans: () =>
              parsed("/v1/traces").flatMap(
                ({ resourceSpans }) => resourceSpans[0].scopeSpans[0].spans,
              ),
            metrics: () =>
              parsed("/v1/metrics").at(-1)?.resourceMetrics[0].scopeMetrics[0].metrics ?? [],
          },
          layer: Otlp.layerJson({
            baseUrl: `http://127.0.0.1:${port}`,
            resource: { serviceName: "test" },
          }).pipe(Layer.provide(FetchHttpClient.layer)),
          close: () => {
            server.close();
            server.closeAllConnections();
          },
        }),
      );
    });
  }),
  ({ close }) => Effect.sync(close),
);

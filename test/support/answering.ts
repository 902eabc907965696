/** An `HttpClient` that answers every request in the process, and remembers what it was asked. */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import type { Options } from "../../src/ConfigService.ts";
import * as SyvainMetrics from "../../src/SyvainMetrics.ts";

export interface Asked {
  readonly request: HttpClientRequest;
  readonly url: URL;
}

export const answering = (answer: (asked: Asked) => Response, asked: Array<Asked> = []) =>
  HttpClient.make((request, url) =>
    Effect.sync(() => {
      asked.push({ request, url });
      return HttpClientResponse.fromWeb(request, answer({ request, url }));
    }),
  );

/** That client, and everything else that a call needs. */
export const layerAnswering = (
  answer: (asked: Asked) => Response,
  { asked, ...options }: Options & { readonly asked?: Array<Asked> } = {},
) =>
  Layer.merge(
    Layer.succeed(HttpClient.HttpClient, answering(answer, asked)),
    Layer.orDie(SyvainMetrics.layer({ apiKey: "api-key", ...options })),
  );

/** An `HttpClient` that answers every request in the process, and remembers what it was asked. */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as ConfigService from "../../src/ConfigService.ts";

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

/** That client, and a configuration for it. */
export const layerAnswering = (
  answer: (asked: Asked) => Response,
  options: { readonly asked?: Array<Asked>; readonly host?: string } = {},
) =>
  Layer.merge(
    Layer.succeed(HttpClient.HttpClient, answering(answer, options.asked)),
    Layer.orDie(ConfigService.layer({ apiKey: "api-key", host: options.host })),
  );

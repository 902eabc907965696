/**
 * Events of the organization for which there is no function.
 *
 * @module
 */
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { MetricsApiError } from "../internal/base/errors.ts";
import { sendMany, sendOne } from "../internal/events/send.ts";
import type { ConfigService } from "../internal/request/config.ts";
import type { Metadata } from "../internal/wire/schema.ts";
import type { EventInput, Reply } from "../internal/wire/v2/events.ts";

export type { EventInput, Reply } from "../internal/wire/v2/events.ts";

/**
 * Sends one event, once, and answers its reply as it is. One that is refused is a `MetricsApiRequestError`.
 *
 * **Gotchas**
 *
 * Nobody knows what the event does, so it is not sent again where it may have arrived.
 *
 * @example
 * ```ts
 * import { Events } from "syvain-metrics-effect/v2";
 *
 * const catalog = (experimentId: string) =>
 *   Events.send("syvain.v2.query.catalog", { experimentId });
 * ```
 *
 * @category endpoints
 */
export const send: (
  event: string,
  data: Metadata,
) => Effect.Effect<Reply, MetricsApiError, ConfigService | HttpClient> = sendOne;

/**
 * Sends 1 to 1,000 events in one request, once, and answers their replies as they are, in their order.
 *
 * **Gotchas**
 *
 * An event that was refused is a reply like any other, `"syvain.v2.error"`: its neighbours stand.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Events } from "syvain-metrics-effect/v2";
 *
 * const refused = (experimentIds: ReadonlyArray<string>) =>
 *   Events.sendAll(
 *     experimentIds.map((experimentId) => ({
 *       event: "syvain.v2.query.catalog",
 *       data: { experimentId },
 *     })),
 *   ).pipe(Effect.map((replies) => replies.filter(({ event }) => event === "syvain.v2.error")));
 * ```
 *
 * @category endpoints
 */
export const sendAll: (
  events: ReadonlyArray<EventInput>,
) => Effect.Effect<ReadonlyArray<Reply>, MetricsApiError, ConfigService | HttpClient> = sendMany;

/**
 * Events that have no function of their own.
 */
import * as Schema from "effect/Schema";
import { define } from "../operation.ts";
import { count, Metadata } from "../schema.ts";
import { maxEvents } from "./envelope.ts";
import { organizationEvent, v2 } from "./generation.ts";

/**
 * An event of the organization.
 *
 * @category models
 */
export interface EventInput {
  /** Such as `"syvain.v2.query.catalog"`. */
  readonly event: string;
  /** Any JSON object. */
  readonly data: Metadata;
}

/**
 * What an event was answered, as the service said it.
 *
 * @category models
 */
export interface Reply {
  readonly event: string;
  readonly data: Metadata;
}

const Event = Schema.Struct({
  event: Schema.String.check(Schema.isNonEmpty()),
  data: Metadata,
});

const send = {
  ...organizationEvent,
  generation: v2,
  method: "POST",
  success: Event,
  status: 200,
  // Nobody knows what it does.
  repeat: "once",
} as const;

export const sendEvent = define({
  ...send,
  name: "Events.send",
  summary: "Send an event.",
  payload: Event,
});

export const sendEvents = define({
  ...send,
  name: "Events.sendAll",
  summary: "Send events, in one request.",
  payload: Schema.Array(Event).check(count(1, maxEvents, "events")),
});

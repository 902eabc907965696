/**
 * Ids of events that come out the same whenever the same event is recorded, so that sending it again stores nothing twice.
 *
 * @module
 */
export { type Input, make } from "./internal/base/clientEventId.ts";

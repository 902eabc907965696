/**
 * Where the `Idempotency-Key` of a call comes from. Every `POST` and `PATCH` that changes something carries one: the same on each attempt of a
 * call, a new one for each call, so that a retry of something that already happened is answered and not done again.
 *
 * @module
 */
export { IdempotencyKey, withKey } from "./internal/request/idempotencyKey.ts";

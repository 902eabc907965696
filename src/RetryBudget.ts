/**
 * How many retries the calls of one client may make between them, so that a service which is down is not also asked five times as often.
 *
 * @module
 */
export { make, type Options, type RetryBudget, unlimited } from "./internal/request/retryBudget.ts";

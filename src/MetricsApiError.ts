/**
 * The three ways a call fails, each a tagged error with a tagged `reason`.
 *
 * @module
 */
export * from "./internal/base/errors.ts";

import * as SecureRandom from "effect/crypto/SecureRandom";

/**
 * `randomUUID` draws for many at once, which is ten times as fast; a page that was not served securely does not have
 * it.
 */
export const newMessageId = (): string =>
  globalThis.crypto.randomUUID?.() ?? SecureRandom.uuidV4Unsafe();

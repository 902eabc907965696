import * as Hex from "effect/encoding/Hex";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Redacted from "effect/Redacted";
import { digest } from "./json.ts";

/** An id as the service makes them. */
export const newId = (): string => SecureRandom.uuidV4Unsafe();

/** A key that nobody guesses. */
export const newKey = (prefix: "ak_org_" | "ik_" | "et_"): Redacted.Redacted =>
  Redacted.make(prefix + Hex.encode(SecureRandom.randomBytesUnsafe(24)));

/** The id of an event, a UUID (RFC 9562, version 8) that need not be kept: its experiment and its place in the order of arrival make it. */
export const eventIdOf = (experimentId: string, sequence: number): string => {
  const hex = digest(`${experimentId}/${sequence}`);
  const variant = "89ab"[Number.parseInt(hex[16]!, 16) & 3];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join("-");
};

/** Whether two texts are equal, in a time that does not tell how much of them is. */
export const isSameSecret = (a: string, b: string): boolean => {
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++)
    difference |= a.charCodeAt(i % (a.length || 1)) ^ b.charCodeAt(i);
  return difference === 0;
};

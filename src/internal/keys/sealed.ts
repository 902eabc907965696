import * as Aead from "effect/crypto/Aead";
import * as Kdf from "effect/crypto/Kdf";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Effect from "effect/Effect";
import * as Base64Url from "effect/encoding/Base64Url";
import * as Hex from "effect/encoding/Hex";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import { IngestionCredential } from "../wire/v1/ingestionKeys.ts";
import type { Owner } from "./cache.ts";

/** Under which name an owner's key is stored, and how it is sealed there. */
export interface Sealed {
  readonly name: string;
  readonly seal: (credential: IngestionCredential) => Effect.Effect<string, unknown>;
  /** `undefined` for what was not sealed here, or is no longer whole. */
  readonly open: (text: string) => Effect.Effect<IngestionCredential | undefined>;
}

const Text = Schema.fromJsonString(IngestionCredential);
const encode = Schema.encodeEffect(Text);
const decode = Schema.decodeEffect(Text);

const utf8 = new TextEncoder();
const salt = utf8.encode("syvain-metrics-effect/IngestionKeyCache/2");
const algorithm = Aead.aes256Gcm;

const crypto = Layer.merge(
  Kdf.layerWebCrypto,
  Layer.provideMerge(Aead.layerWebCrypto, SecureRandom.layerWebCrypto),
);

/**
 * Name and sealing key of an owner are both derived from its API key (HKDF, RFC 5869), bound to host and experiment: who has the
 * store and not the API key learns neither, and what comes from elsewhere or was cut off does not open.
 */
export const makeSealedFor = Effect.gen(function* () {
  const kdf = yield* Kdf.Kdf;
  const aead = yield* Aead.Aead;
  const random = yield* SecureRandom.SecureRandom;

  return Effect.fnUntraced(function* ({ host, apiKey, experimentId }: Owner) {
    const derived = yield* kdf.derive(Kdf.hkdfSha256, utf8.encode(Redacted.value(apiKey)), {
      salt,
      info: utf8.encode(JSON.stringify([host, experimentId])),
      length: 32 + algorithm.keyLength,
    });
    const sealingKey = yield* Aead.key(algorithm, derived.subarray(32));
    const sealed: Sealed = {
      name: Hex.encode(derived.subarray(0, 32)),
      seal: Effect.fnUntraced(function* (credential) {
        const nonce = yield* random.randomBytes(algorithm.nonceLength);
        const json = utf8.encode(yield* encode(credential));
        const encrypted = yield* aead.encrypt(sealingKey, json, { nonce });
        const bytes = new Uint8Array(nonce.length + encrypted.length);
        bytes.set(nonce);
        bytes.set(encrypted, nonce.length);
        return Base64Url.encode(bytes);
      }),
      open: (text) =>
        Effect.gen(function* () {
          const bytes = yield* Effect.fromResult(Base64Url.decode(text));
          const nonce = bytes.subarray(0, algorithm.nonceLength);
          const json = yield* aead.decrypt(sealingKey, bytes.subarray(nonce.length), { nonce });
          return yield* decode(new TextDecoder().decode(json));
        }).pipe(Effect.orElseSucceed(() => undefined)),
    };
    return sealed;
  });
}).pipe(Effect.provide(crypto));

import { hashes, verify } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import type { Ed25519Verifier } from "./ed25519.ts";

/** For runtimes without `node:crypto`; `crypto.subtle` is asynchronous. */
export function createEd25519Verifier(publicKey: Uint8Array): Ed25519Verifier {
  hashes.sha512 = sha512;
  return (message, signature) => {
    try {
      // Strict: no second encoding of a point, no key of small order.
      return verify(signature, message, publicKey, { zip215: false });
    } catch {
      // A point or a scalar that is none.
      return false;
    }
  };
}

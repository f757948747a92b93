import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { asciiLength, writeAscii } from "./ascii.ts";
import type { HmacSha256 } from "./hmac.ts";

const DIGEST_BYTES = 32;

/** HMAC-SHA256 (RFC 2104) for runtimes without `node:crypto`; `crypto.subtle` is asynchronous. */
export function createHmacSha256(key: Uint8Array): HmacSha256 {
  // The key's two blocks are hashed once; each message continues from a copy of the state after them.
  const keyed = hmac.create(sha256, key);
  const state = keyed.clone();
  const digest = new Uint8Array(DIGEST_BYTES);

  return function hmacSha256(prefix, body) {
    const prefixBytes = new Uint8Array(asciiLength(prefix));
    writeAscii(prefix, prefixBytes, 0);
    keyed._cloneInto(state).update(prefixBytes).update(body).digestInto(digest);
    return digest;
  };
}

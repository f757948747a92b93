import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { HmacSha256 } from "./hmac.ts";

const encoder = new TextEncoder();

/** HMAC-SHA256 in plain JavaScript, for runtimes without `node:crypto`. Synchronous, as `crypto.subtle` is not. */
export function createHmacSha256(key: Uint8Array): HmacSha256 {
  // The key's two blocks are hashed once; each message continues from a copy of that state.
  const keyed = hmac.create(sha256, key);
  return function hmacSha256(prefix, body) {
    const digest = keyed.clone().update(encoder.encode(prefix)).update(body).digest();
    return String.fromCharCode(...digest);
  };
}

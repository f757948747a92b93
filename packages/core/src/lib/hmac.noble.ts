import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { HmacSha256 } from "./hmac.ts";

const DIGEST_BYTES = 32;
const MAX_PREFIX_BYTES = 160;

const encoder = new TextEncoder();
const prefixBytes = new Uint8Array(MAX_PREFIX_BYTES);

/** HMAC-SHA256 in plain JavaScript, for runtimes without `node:crypto`. Synchronous, as `crypto.subtle` is not. */
export function createHmacSha256(key: Uint8Array): HmacSha256 {
  // The key's two blocks are hashed once; each message continues from a copy of that state, made in the same place.
  const keyed = hmac.create(sha256, key);
  const state = keyed.clone();
  const digest = new Uint8Array(DIGEST_BYTES);
  return function hmacSha256(prefix, body) {
    keyed._cloneInto(state).update(writePrefix(prefix)).update(body).digestInto(digest);
    return digest;
  };
}

function writePrefix(prefix: string): Uint8Array {
  if (prefix.length > MAX_PREFIX_BYTES) return encoder.encode(prefix);
  return prefixBytes.subarray(0, encoder.encodeInto(prefix, prefixBytes).written);
}

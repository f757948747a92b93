import { createHash, hash } from "node:crypto";
import { asciiLength, writeAscii } from "./ascii.ts";
import { createOuterHash } from "./hmac.outer.ts";
import { createHmacSha256 as createPortable } from "./hmac.portable.ts";
import type { HmacSha256 } from "./hmac.ts";
import { BLOCK_BYTES } from "./sha256.ts";

const DIGEST_BYTES = 32;
const MAX_PREFIX_BYTES = 160;
/** Above this copying the body costs more than copying a hash's state, and it is hashed where it lies. */
const MAX_COPIED_BYTES = 16_384;
/** Up to this plain JavaScript is cheaper than a call of `node:crypto`, which costs several times as much on Deno. */
const MAX_PORTABLE_BYTES = "Deno" in globalThis ? 1024 : -1;

/**
 * HMAC-SHA256 (RFC 2104) by one call of the one-shot `crypto.hash` over a precomputed key pad: for small bodies several
 * times cheaper than `createHmac`, whose cost is in setting up the object.
 */
export function createHmacSha256(key: Uint8Array): HmacSha256 {
  const hmacOfSmall = createPortable(key);
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? hash("sha256", key, "buffer") : key);
  // What is hashed. The code below never yields while it is in use.
  const buffer = new Uint8Array(BLOCK_BYTES + MAX_PREFIX_BYTES + MAX_COPIED_BYTES);
  buffer.set(block.map((byte) => byte ^ 0x36));
  const start = createHash("sha256").update(buffer.subarray(0, BLOCK_BYTES));
  const outer = createOuterHash(block);
  block.fill(0);

  return function hmacSha256(prefix, body) {
    if (body.length <= MAX_PORTABLE_BYTES) return hmacOfSmall(prefix, body);
    const text = hashInner(prefix, body);
    for (let at = 0; at < DIGEST_BYTES; at++) outer.inner[at] = text.charCodeAt(at);
    return outer.digest();
  };

  /** Its digest as a text of bytes, which the runtime makes cheaper than an array. */
  function hashInner(prefix: readonly string[], body: Uint8Array): string {
    if (body.length > MAX_COPIED_BYTES || asciiLength(prefix) > MAX_PREFIX_BYTES) {
      return start.copy().update(prefix.join(""), "latin1").update(body).digest("binary");
    }
    const bodyStart = writeAscii(prefix, buffer, BLOCK_BYTES);
    buffer.set(body, bodyStart);
    // A plain view: made faster than a subarray.
    return hash("sha256", new Uint8Array(buffer.buffer, 0, bodyStart + body.length), "binary");
  }
}

import { createHash, hash } from "node:crypto";
import { asciiLength, writeAscii } from "./ascii.ts";
import type { HmacSha256 } from "./hmac.ts";

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** As a text a digest is several times cheaper than as a Buffer; on Deno only in hexadecimal. */
const IS_DENO = "Deno" in globalThis;
const TEXT = IS_DENO ? "hex" : "binary";
const readDigest = IS_DENO ? readHex : readBinary;
const MAX_PREFIX_BYTES = 160;
/** Above this, copying the body costs more than copying a hash's state, and it is hashed where it lies. */
const MAX_COPIED_BYTES = 16_384;

/**
 * HMAC-SHA256 (RFC 2104) by two calls of the one-shot `crypto.hash` over precomputed key pads: for small bodies several
 * times cheaper than `createHmac`, whose cost is in setting up the object.
 */
export function createHmacSha256(key: Uint8Array): HmacSha256 {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? hash("sha256", key, "buffer") : key);
  // What is hashed. The code below never yields while they are in use.
  const inner = new Uint8Array(BLOCK_BYTES + MAX_PREFIX_BYTES + MAX_COPIED_BYTES);
  inner.set(block.map((byte) => byte ^ 0x36));
  const start = createHash("sha256").update(inner.subarray(0, BLOCK_BYTES));
  const outer = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES);
  outer.set(block.map((byte) => byte ^ 0x5c));
  block.fill(0);
  const innerDigest = outer.subarray(BLOCK_BYTES);
  const digest = new Uint8Array(DIGEST_BYTES);

  return function hmacSha256(prefix, body) {
    readDigest(hashInner(prefix, body), innerDigest);
    readDigest(hash("sha256", outer, TEXT), digest);
    return digest;
  };

  function hashInner(prefix: readonly string[], body: Uint8Array): string {
    if (body.length > MAX_COPIED_BYTES || asciiLength(prefix) > MAX_PREFIX_BYTES) {
      return start.copy().update(prefix.join(""), "latin1").update(body).digest(TEXT);
    }
    const bodyStart = writeAscii(prefix, inner, BLOCK_BYTES);
    inner.set(body, bodyStart);
    // A plain view: cheaper to make than a subarray.
    return hash("sha256", new Uint8Array(inner.buffer, 0, bodyStart + body.length), TEXT);
  }
}

/** Writes the bytes of a digest that is a text of as many characters. */
function readBinary(text: string, target: Uint8Array): void {
  for (let at = 0; at < DIGEST_BYTES; at++) target[at] = text.charCodeAt(at);
}

/** Writes the bytes of a digest in lower-case hexadecimal, with no branch and no index that depends on them. */
function readHex(text: string, target: Uint8Array): void {
  for (let at = 0; at < DIGEST_BYTES; at++) {
    target[at] = (hexDigit(text.charCodeAt(2 * at)) << 4) | hexDigit(text.charCodeAt(2 * at + 1));
  }
}

/** Of the codes of `0` to `9` and `a` to `f` only the latter have the bit of 64. */
function hexDigit(code: number): number {
  return (code & 15) + 9 * (code >>> 6);
}

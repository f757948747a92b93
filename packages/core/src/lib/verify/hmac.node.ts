import { createHash, hash } from "node:crypto";
import { asciiLength, writeAscii } from "./ascii.ts";
import { type OuterHash, createOuterHash } from "./hmac.outer.ts";
import type { HmacSha256 } from "./hmac.ts";
import { BLOCK_BYTES } from "./sha256.ts";

const DIGEST_BYTES = 32;
const MAX_PREFIX_BYTES = 160;
/** Above this copying the body costs more than copying a hash's state, and it is hashed where it lies. */
const MAX_COPIED_BYTES = 16_384;
/** There a call of `node:crypto` costs more than a block of SHA-256 in plain JavaScript; elsewhere less. */
const IS_DENO = "Deno" in globalThis;
/** A digest as a text is cheaper than as an array; on Deno only in hexadecimal. */
const TEXT = IS_DENO ? "hex" : "binary";
const readDigest = IS_DENO ? readHex : readBinary;

/**
 * HMAC-SHA256 (RFC 2104) by calls of the one-shot `crypto.hash` over precomputed key pads: for small bodies several
 * times cheaper than `createHmac`, whose cost is in setting up the object.
 */
export function createHmacSha256(key: Uint8Array): HmacSha256 {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? hash("sha256", key, "buffer") : key);
  // What is hashed. The code below never yields while it is in use.
  const buffer = new Uint8Array(BLOCK_BYTES + MAX_PREFIX_BYTES + MAX_COPIED_BYTES);
  buffer.set(block.map((byte) => byte ^ 0x36));
  const start = createHash("sha256").update(buffer.subarray(0, BLOCK_BYTES));
  const outer = IS_DENO ? createOuterHash(block) : createNativeOuterHash(block);
  block.fill(0);

  return function hmacSha256(prefix, body) {
    readDigest(hashInner(prefix, body), outer.inner);
    return outer.digest();
  };

  function hashInner(prefix: readonly string[], body: Uint8Array): string {
    if (body.length > MAX_COPIED_BYTES || asciiLength(prefix) > MAX_PREFIX_BYTES) {
      return start.copy().update(prefix.join(""), "latin1").update(body).digest(TEXT);
    }
    const bodyStart = writeAscii(prefix, buffer, BLOCK_BYTES);
    buffer.set(body, bodyStart);
    // A plain view: made faster than a subarray.
    return hash("sha256", new Uint8Array(buffer.buffer, 0, bodyStart + body.length), TEXT);
  }
}

/** {@link createOuterHash} by one more call of `crypto.hash`. */
function createNativeOuterHash(keyBlock: Uint8Array): Pick<OuterHash, "inner" | "digest"> {
  const hashed = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES);
  hashed.set(keyBlock.map((byte) => byte ^ 0x5c));
  const digest = new Uint8Array(DIGEST_BYTES);
  return {
    inner: hashed.subarray(BLOCK_BYTES),
    digest() {
      readDigest(hash("sha256", hashed, TEXT), digest);
      return digest;
    },
  };
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

import { WebhookError } from "../errors.ts";

/** The sender lists the newest secret and up to 10 old ones; beyond this a list is an attempt to burn CPU. */
export const MAX_TOKENS: number = 32;
const VERSION = "v1,";
/** `v1,` and the 44 characters of 32 bytes in base64, of which the last is padding. */
const TOKEN_LENGTH = 47;
/** The six bits of each base64 character by its code; negative for all others. */
const SIX_BITS = new Int8Array(128).fill(-1);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
for (let bits = 0; bits < ALPHABET.length; bits++) SIX_BITS[ALPHABET.charCodeAt(bits)] = bits;

/**
 * A signature as it was sent, decoded: ten groups of 24 bits, and an eleventh of 18. The last two of those belong to
 * no byte and are 0 in canonical base64; they are compared too, so that no other spelling matches.
 */
export type Signature = readonly number[];

/**
 * Reads the signature header: tokens separated by single spaces, of which those of other versions (`v1a`, the
 * asymmetric one) and malformed ones are skipped.
 *
 * @param needsOne whether a header without any is refused. An asymmetric key reads the header itself.
 * @returns the signatures of version 1.
 * @throws WebhookError `invalid_signature_header`
 */
export function parseSignatureHeader(header: string, needsOne = true): readonly Signature[] {
  // Nearly always there is one.
  const only = parseToken(header);
  if (only) return [only];
  const tokens = header.split(" ", MAX_TOKENS + 1);
  if (tokens.length > MAX_TOKENS) {
    throw new WebhookError(
      "invalid_signature_header",
      `The signature header lists more than ${MAX_TOKENS} signatures.`,
      { hint: "The sender never lists more than 11: this delivery is not from the sender." },
    );
  }
  const signatures = tokens.flatMap((token) => {
    const signature = parseToken(token);
    return signature ? [signature] : [];
  });
  if (signatures.length === 0 && (needsOne || !header.includes("v1a,"))) {
    throw new WebhookError(
      "invalid_signature_header",
      "The signature header has no well-formed v1 signature.",
      {
        hint: tokens.some((token) => token.startsWith("v1a,"))
          ? "It has asymmetric (v1a) signatures only: verify them with asymmetricKey(…) of @diffio-webhooks/core/asymmetric."
          : 'A signature is "v1," followed by 44 characters of base64; several are separated by single spaces.',
      },
    );
  }
  return signatures;
}

/** Decodes `v1,<44 base64 characters>`; returns undefined for anything else. */
function parseToken(token: string): Signature | undefined {
  if (token.length !== TOKEN_LENGTH || !token.startsWith(VERSION) || !token.endsWith("=")) return undefined;
  const groups = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  let seen = 0;
  let at = VERSION.length;
  for (let group = 0; group < 10; group++) {
    const bits =
      (sixBits(token, at) << 18) |
      (sixBits(token, at + 1) << 12) |
      (sixBits(token, at + 2) << 6) |
      sixBits(token, at + 3);
    seen |= bits;
    groups[group] = bits;
    at += 4;
  }
  const last = (sixBits(token, at) << 12) | (sixBits(token, at + 1) << 6) | sixBits(token, at + 2);
  groups[10] = last;
  // A character that is not base64 has left its sign.
  return (seen | last) < 0 ? undefined : groups;
}

function sixBits(token: string, at: number): number {
  return SIX_BITS[token.charCodeAt(at)] ?? -1;
}

/**
 * Compares the expected digest with every signature that was sent, in a time that depends on their number alone:
 * every bit of each one is compared, whatever was found before.
 */
export function matchesAny(digest: Uint8Array, signatures: readonly Signature[]): boolean {
  let matched = 0;
  for (const signature of signatures) {
    // 1 where the difference is 0, else 0, without a branch.
    matched |= (difference(digest, signature) - 1) >>> 31;
  }
  return matched === 1;
}

/** 0 where the signature is that of the digest, else a positive number; the same steps in either case. */
function difference(digest: Uint8Array, signature: Signature): number {
  let different = 0;
  let byte = 0;
  for (let group = 0; group < 10; group++) {
    const bits = ((digest[byte] ?? 0) << 16) | ((digest[byte + 1] ?? 0) << 8) | (digest[byte + 2] ?? 0);
    different |= bits ^ (signature[group] ?? -1);
    byte += 3;
  }
  const last = ((digest[30] ?? 0) << 10) | ((digest[31] ?? 0) << 2);
  return different | (last ^ (signature[10] ?? -1));
}

import { WebhookError } from "./errors.ts";

/** The sender lists the newest secret and up to 10 old ones; beyond this a list is an attempt to burn CPU. */
const MAX_TOKENS = 32;
const VERSION = "v1,";
const V1_TOKEN = /^v1,[A-Za-z0-9+/]{43}=$/;

/**
 * Reads the signature header: tokens separated by single spaces, of which those of other versions (`v1a`, the
 * asymmetric one) and malformed ones are passed over.
 *
 * @returns the base64 of each `v1` token, at least one.
 * @throws WebhookError `invalid_signature_header`
 */
export function parseSignatureHeader(header: string): readonly string[] {
  const tokens = header.split(" ", MAX_TOKENS + 1);
  if (tokens.length > MAX_TOKENS) {
    throw new WebhookError(
      "invalid_signature_header",
      `The signature header lists more than ${MAX_TOKENS} signatures.`,
    );
  }
  const signatures = tokens
    .filter((token) => V1_TOKEN.test(token))
    .map((token) => token.slice(VERSION.length));
  if (signatures.length === 0) {
    throw new WebhookError(
      "invalid_signature_header",
      "The signature header has no well-formed v1 signature.",
      {
        hint: tokens.some((token) => token.startsWith("v1a,"))
          ? "It has asymmetric (v1a) signatures only, which are not supported yet: use an endpoint with a whsec_ secret."
          : "A signature reads v1, and then 44 characters of base64; several are separated by single spaces.",
      },
    );
  }
  return signatures;
}

/**
 * Compares the expected signature with every one that was sent, in a time that depends on their number alone:
 * each character of each is looked at, whatever was found before.
 *
 * Text is compared, not decoded bytes, so that only the canonical base64 of a signature matches.
 */
export function matchesAny(expected: string, signatures: readonly string[]): boolean {
  let matched = 0;
  for (const signature of signatures) {
    let difference = expected.length ^ signature.length;
    for (let index = 0; index < expected.length; index++) {
      difference |= expected.charCodeAt(index) ^ signature.charCodeAt(index);
    }
    // 1 where the difference is 0, else 0, without a branch.
    matched |= (difference - 1) >>> 31;
  }
  return matched === 1;
}

import { RAW_BYTES, decodeUtf8, withoutMark } from "./body-variants.ts";
import type { Finding } from "./finding.ts";

/** What is wrong with a body before any signature is checked. */
export function findBodyFaults(
  body: unknown,
  bytes: Uint8Array | undefined,
  encoding: string | undefined,
): Finding[] {
  if (body === undefined || body === null || bytes?.length === 0) {
    return [
      {
        code: "body_empty",
        message: "There is no body.",
        hint: `Something may have read it before. ${RAW_BYTES}`,
      },
    ];
  }
  if (!bytes) {
    return [
      {
        code: "body_parsed",
        message: "The body is a parsed object: the bytes that were signed are gone.",
        hint: RAW_BYTES,
      },
    ];
  }
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip && encoding === undefined) return [];
  const hint = "The sender never compresses, and receivers never inflate before they have verified: ";
  const message = isGzip
    ? "The body is compressed (gzip)."
    : `The content-encoding is ${encoding}, which the body does not look like: something may have inflated it.`;
  return [{ code: "body_compressed", message, hint: `${hint}look for a proxy that compresses or inflates.` }];
}

/** What can be said of a body that no variant explains. */
export function explainMismatch(bytes: Uint8Array): Finding {
  const text = decodeUtf8(bytes);
  if (text?.includes("\uFFFD")) {
    return {
      code: "body_charset",
      message:
        "No signature matches, and the body has replacement characters (\uFFFD): it was decoded in pieces.",
      hint: "Collect the chunks as bytes (Buffer.concat), not as text (body += chunk): a character may lie across two.",
    };
  }
  if (!isJson(text)) {
    return {
      code: "body_not_json",
      message: "No signature matches, and the body is not JSON: it was cut, or replaced by something else.",
      hint: `Look at its first and last bytes. ${RAW_BYTES}`,
    };
  }
  return {
    code: "signature_mismatch",
    message: "No signature matches this body and this secret.",
    hint:
      "Either the secret is that of another endpoint (each has its own, and test and live differ); or something changed " +
      "the body in a way that cannot be reconstructed; or the delivery is forged.",
  };
}

function isJson(text: string | undefined): boolean {
  if (text === undefined) return false;
  try {
    JSON.parse(withoutMark(text));
    return true;
  } catch {
    return false;
  }
}

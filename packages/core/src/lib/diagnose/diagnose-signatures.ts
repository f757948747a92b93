import { WebhookError } from "../errors.ts";
import type { Finding } from "./finding.ts";
import { MAX_TOKENS, type Signature, parseSignatureHeader } from "../verify/signature.ts";

/** 32 bytes in hexadecimal digits, or in base64 of either kind, wherever they stand. */
const DIGEST = /(?<![\w+/-])(?:[0-9a-fA-F]{64}|[\w+/-]{43}=?)(?![\w+/=-])/g;
/** Longer than any list that the sender makes. */
const MAX_LENGTH = 2048;

/** A signature, and what is wrong with its spelling. */
export interface SentSignature {
  readonly signature: Signature;
  readonly finding?: Finding;
}

/** The signatures of the header that can be made out; none, where only `finding` says what the header is. */
export interface SignatureDiagnosis {
  readonly signatures: readonly SentSignature[];
  readonly finding?: Finding;
}

/**
 * Reads a signature header that a receiver would refuse, too.
 *
 * @param isSymmetric whether only signatures of version 1 can match.
 */
export function diagnoseSignatures(header: string, isSymmetric: boolean): SignatureDiagnosis {
  try {
    return { signatures: parseSignatureHeader(header, isSymmetric).map((signature) => ({ signature })) };
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    const tooMany = header.split(" ", MAX_TOKENS + 1).length > MAX_TOKENS;
    const signatures = tooMany
      ? []
      : (header.slice(0, MAX_LENGTH).match(DIGEST)?.flatMap(readMisspelt) ?? []);
    return signatures.length > 0 ? { signatures } : { signatures, finding: unreadable(header, error) };
  }
}

function readMisspelt(text: string): readonly SentSignature[] {
  const isHex = text.length === 64;
  const base64 = isHex
    ? btoa(text.replaceAll(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16))))
    : `${text.slice(0, 43).replaceAll("-", "+").replaceAll("_", "/")}=`;
  try {
    const finding = isHex ? HEX : base64 === text ? MISSPELT : BASE64URL;
    return parseSignatureHeader(`v1,${base64}`).map((signature) => ({ signature, finding }));
  } catch {
    return [];
  }
}

function unreadable(header: string, { message, hint = "" }: WebhookError): Finding {
  if (!header.split(" ").some((token) => token.startsWith("v1a,")))
    return { code: "signature_malformed", message, hint };
  return {
    code: "signature_asymmetric",
    message: "The delivery has asymmetric (v1a) signatures only, and the secret is a symmetric one.",
    hint: "Pass asymmetricKey(…) of @diffio-webhooks/core/asymmetric, with the endpoint's public key (whpk_…), as signingSecret.",
  };
}

const HEX: Finding = {
  code: "signature_hex",
  message: "The signature is in hexadecimal digits; the sender's is in base64.",
  hint: 'Whatever signed this (a test?) should send "v1," and the base64 of the HMAC: digest("base64").',
};
const BASE64URL: Finding = {
  code: "signature_base64url",
  message:
    "The signature is in URL-safe or unpadded base64; the sender's is in plain base64, with its padding.",
  hint: 'Whatever signed this (a test?) should send "v1," and the base64 of the HMAC: digest("base64").',
};
const MISSPELT: Finding = {
  code: "signature_malformed",
  message: "The signature header holds a signature, but not in the sender's spelling.",
  hint: "Each signature reads v1, and then 44 characters of base64; several are separated by single spaces.",
};

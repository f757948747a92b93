/**
 * For senders that sign with ed25519 (`v1a` signatures) instead of a shared secret.
 *
 * @module
 */
import { createEd25519Verifier } from "#ed25519";
import { asciiLength, writeAscii } from "./lib/verify/ascii.ts";
import type { AsymmetricKey } from "./lib/verify/keys.ts";
import { invalidSecret } from "./lib/verify/secret.ts";

export type { AsymmetricKey } from "./lib/verify/keys.ts";

const PREFIX = "whpk_";
const VERSION = "v1a,";
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** The sender lists the current key's signature and up to 10 old ones. Each further one only costs time. */
const MAX_SIGNATURES = 11;
const WHERE_TO_FIND =
  "Copy the endpoint's public key from the webhook portal: it reads whpk_ and then base64 of 32 bytes.";

/**
 * Makes a key to pass as `signingSecret`: alone, in a list or in a record, also together with symmetric secrets while a
 * sender migrates from one kind to the other. It verifies `v1a` signatures and no others.
 *
 * @param publicKey `whpk_` and base64 of the 32 bytes of an ed25519 public key.
 * @throws WebhookError `invalid_secret`
 */
export function asymmetricKey(publicKey: string): AsymmetricKey {
  const verify = createEd25519Verifier(decodePublicKey(publicKey));
  return {
    hasSigned({ prefix, signatureHeader }, body) {
      const signatures = readSignatures(signatureHeader);
      if (signatures.length === 0) return false;
      const prefixBytes = asciiLength(prefix);
      const message = new Uint8Array(prefixBytes + body.length);
      writeAscii(prefix, message, 0);
      message.set(body, prefixBytes);
      return signatures.some((signature) => verify(message, signature));
    },
  };
}

function decodePublicKey(publicKey: unknown): Uint8Array {
  if (typeof publicKey !== "string")
    throw invalidSecret("is not a string: asymmetricKey takes a public key", WHERE_TO_FIND);
  if (publicKey.startsWith("whsk_")) {
    throw invalidSecret(
      "is a private key",
      "Only the sender may have it: make a new one there. A receiver needs the public key, whpk_….",
    );
  }
  const key = publicKey.startsWith(PREFIX) ? decodeBase64(publicKey.slice(PREFIX.length)) : undefined;
  if (key?.length === KEY_BYTES) return key;
  throw invalidSecret("is not a public key", WHERE_TO_FIND);
}

function readSignatures(header: string): readonly Uint8Array[] {
  const tokens = header.split(" ").filter((token) => token.startsWith(VERSION));
  return tokens.slice(0, MAX_SIGNATURES).flatMap((token) => {
    const signature = decodeBase64(token.slice(VERSION.length));
    return signature?.length === SIGNATURE_BYTES ? [signature] : [];
  });
}

/** Decodes canonical base64 only. */
function decodeBase64(encoded: string): Uint8Array | undefined {
  try {
    const binary = atob(encoded);
    return btoa(binary) === encoded
      ? Uint8Array.from(binary, (character) => character.charCodeAt(0))
      : undefined;
  } catch {
    return undefined;
  }
}

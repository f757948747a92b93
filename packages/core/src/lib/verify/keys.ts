import { createHmacSha256 } from "#hmac";
import { decodeSigningSecret, invalidSecret } from "./secret.ts";
import { type Signature, matchesAny } from "./signature.ts";

/** What is signed before the body, and the signatures that came with it. */
export interface SignedParts {
  /** `id.timestamp.`, in pieces. ASCII. */
  readonly prefix: readonly string[];
  /** Those of version 1 (HMAC), decoded. */
  readonly signatures: readonly Signature[];
  /** All of them, as they came: at most 32 tokens with single spaces between them. */
  readonly signatureHeader: string;
}

/** A public key of another algorithm, made by `asymmetricKey` of `@diffio-webhooks/core/asymmetric`. */
export interface AsymmetricKey {
  /** Whether this key signed the message. */
  hasSigned(parts: SignedParts, body: Uint8Array): boolean;
}

type SigningSecret = string | AsymmetricKey;

/**
 * The secrets that may have signed a delivery: one; several during a rotation; or a record of names, when
 * several endpoints share one URL and the callback should know which of them a message came from.
 *
 * Each is `whsec_` and base64 of 24 to 75 bytes (the prefix may be left out), or an asymmetric key.
 */
export type SigningSecrets =
  | SigningSecret
  | readonly SigningSecret[]
  | Readonly<Record<string, SigningSecret | readonly SigningSecret[]>>;

/** A secret made ready to verify with, and the name it has. */
export interface SigningKey extends AsymmetricKey {
  readonly name?: string;
  /** Whether its signatures are of version 1. */
  readonly isSymmetric: boolean;
}

/** Makes the key of one secret. */
export type ImportSecret = (secret: unknown) => SigningKey;

/**
 * Makes the keys of one secret, of a list, or of a record.
 *
 * @throws WebhookError `invalid_secret`
 */
export function importSigningSecrets(
  secrets: SigningSecrets,
  importSecret: ImportSecret = importSigningSecret,
): readonly SigningKey[] {
  if (typeof secrets !== "object" || secrets === null || isAsymmetricKey(secrets))
    return [importSecret(secrets)];
  // Array.from, since the holes of a sparse array are secrets that are missing too.
  const lists: readonly (readonly [name: string | undefined, list: readonly unknown[]])[] = Array.isArray(
    secrets,
  )
    ? [[undefined, Array.from<unknown>(secrets)]]
    : Object.entries(secrets).map(([name, named]: [string, unknown]) => [
        name,
        Array.isArray(named) ? Array.from<unknown>(named) : [named],
      ]);
  if (lists.length === 0 || lists.some(([, list]) => list.length === 0)) {
    throw invalidSecret("is an empty list", "Name at least one secret.");
  }
  return lists.flatMap(([name, list]) => {
    if (name !== undefined && /^wh(?:sec|[ps]k\d*)_/i.test(name)) {
      throw invalidSecret(
        "stands where its name belongs",
        'Write { name: "whsec_…" }, not the other way round.',
      );
    }
    return list.map((secret) =>
      name === undefined ? importSecret(secret) : { ...importSecret(secret), name },
    );
  });
}

/** @throws WebhookError `invalid_secret` */
export function importSigningSecret(secret: unknown): SigningKey {
  if (isAsymmetricKey(secret)) {
    return { isSymmetric: false, hasSigned: (parts, body) => secret.hasSigned(parts, body) };
  }
  const sign = createHmacSha256(decodeSigningSecret(secret));
  return {
    isSymmetric: true,
    hasSigned: ({ prefix, signatures }, body) => matchesAny(sign(prefix, body), signatures),
  };
}

/** Whether it is a key that `asymmetricKey` made. */
export function isAsymmetricKey(secret: unknown): secret is AsymmetricKey {
  return (
    typeof secret === "object" &&
    secret !== null &&
    "hasSigned" in secret &&
    typeof secret.hasSigned === "function"
  );
}

import { createHmacSha256 } from "#hmac";
import { WebhookError } from "../errors.ts";
import type { HmacSha256 } from "./hmac.ts";

const PREFIX = "whsec_";
/** Bounds of the sender: it makes and takes secrets of 24 to 75 bytes. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 75;
const WHERE_TO_FIND =
  "Copy the endpoint's signing secret from the webhook portal: it reads whsec_ and then base64.";
/** Secrets that come from a function are decoded once and kept by their text, up to this many. */
const MAX_CACHED_KEYS = 100;

/**
 * The secrets that may have signed a delivery: one; several during a rotation; or a record of names, when
 * several endpoints share one URL and the callback should know which of them a message came from.
 *
 * Each is `whsec_` and base64 of 24 to 75 bytes; the prefix may be left out.
 */
export type SigningSecrets =
  | string
  | readonly string[]
  | Readonly<Record<string, string | readonly string[]>>;

/** Where secrets come from: themselves, or a function of the platform (`(c) => c.env.…`), sync or async. */
export type SigningSecretSource<Platform> =
  | SigningSecrets
  | ((platform: Platform) => SigningSecrets | undefined | Promise<SigningSecrets | undefined>);

/** A secret made ready to sign with, and the name it was given. */
export interface SigningKey {
  readonly sign: HmacSha256;
  readonly name?: string;
}

/**
 * Decodes `whsec_<base64>` to the key's bytes.
 *
 * @throws WebhookError `invalid_secret`, with a hint. The secret itself is never part of the message.
 */
export function decodeSigningSecret(secret: unknown): Uint8Array {
  if (typeof secret !== "string") {
    throw invalidSecret(
      `The signing secret is ${secret === null ? "null" : `of type ${typeof secret}`}, not a string.`,
    );
  }
  if (secret === "") throw invalidSecret("The signing secret is empty.");
  if (secret.trim() === "") throw invalidSecret("The signing secret is blank.");
  if (secret !== secret.trim()) {
    throw invalidSecret(
      "The signing secret has whitespace around it.",
      "Remove the spaces or the newline before and after it: a copied line or a file often ends with one.",
    );
  }
  if (/^["'`].*["'`]$/.test(secret)) {
    throw invalidSecret("The signing secret has quotation marks around it.", "Remove the quotation marks.");
  }
  if (/^wh[ps]k\d*_/.test(secret)) {
    throw invalidSecret(
      "This is an asymmetric (ed25519) key, and those are not supported yet.",
      "Use the endpoint's symmetric signing secret, which begins with whsec_.",
    );
  }
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  if (encoded === "") throw invalidSecret("The signing secret is whsec_ with nothing after it.");
  const key = decodeCanonicalBase64(encoded);
  if (key.length < MIN_SECRET_BYTES || key.length > MAX_SECRET_BYTES) {
    throw invalidSecret(
      `The signing secret decodes to ${key.length} bytes; it must be ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES}.`,
      `A part of it may be missing. ${WHERE_TO_FIND}`,
    );
  }
  return key;
}

/**
 * Makes the keys of one secret, of a list, or of a record.
 *
 * @throws WebhookError `invalid_secret`
 */
export function importSigningSecrets(
  secrets: SigningSecrets,
  importSecret: (secret: string) => HmacSha256 = importSigningSecret,
): readonly SigningKey[] {
  if (typeof secrets !== "object" || secrets === null) return [{ sign: importSecret(secrets) }];
  const lists: readonly (readonly [name: string | undefined, list: readonly string[]])[] = Array.isArray(
    secrets,
  )
    ? [[undefined, secrets]]
    : Object.entries(secrets).map(([name, named]: [string, string | readonly string[]]) => [
        name,
        [named].flat(),
      ]);
  if (lists.length === 0 || lists.some(([, list]) => list.length === 0)) {
    throw invalidSecret("A list of signing secrets is empty.", "Name at least one secret.");
  }
  return lists.flatMap(([name, list]) =>
    list.map((secret) => ({ sign: importSecret(secret), ...(name !== undefined && { name }) })),
  );
}

/**
 * Makes the function that gives a receiver's keys at each delivery. Fixed secrets are imported now; those of a
 * function are asked for each time, and imported once for each text.
 *
 * @throws WebhookError `invalid_secret`; the function that it returns: `secret_unavailable`
 */
export function signingKeySource<Platform>(
  source: SigningSecretSource<Platform> | undefined,
): (platform: Platform) => readonly SigningKey[] | Promise<readonly SigningKey[]> {
  if (typeof source !== "function") {
    const secrets = source ?? signingSecretFromEnv();
    if (secrets === undefined) throw noSecret();
    const keys = importSigningSecrets(secrets);
    return () => keys;
  }
  const importCached = secretCache();
  return async (platform) => {
    try {
      const secrets = await source(platform);
      if (secrets === undefined || secrets === null) throw noSecret();
      return importSigningSecrets(secrets, importCached);
    } catch (cause) {
      const known = cause instanceof WebhookError;
      throw new WebhookError(
        "secret_unavailable",
        known ? `There is no usable signing secret. ${cause.message}` : "The signingSecret function failed.",
        {
          hint: known ? cause.hint : "Nothing was verified, and the sender will try again. See the cause.",
          cause,
        },
      );
    }
  };
}

function secretCache(): (secret: string) => HmacSha256 {
  const cache = new Map<string, HmacSha256>();
  return (secret) => {
    const cached = cache.get(secret);
    if (cached) return cached;
    const sign = importSigningSecret(secret);
    if (cache.size >= MAX_CACHED_KEYS) cache.clear();
    cache.set(secret, sign);
    return sign;
  };
}

/** `DIFFIO_WEBHOOK_SECRET` of the process environment, on runtimes that have one. */
export function signingSecretFromEnv(): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.["DIFFIO_WEBHOOK_SECRET"];
}

function importSigningSecret(secret: string): HmacSha256 {
  return createHmacSha256(decodeSigningSecret(secret));
}

function decodeCanonicalBase64(encoded: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    const hint = /\s/.test(encoded)
      ? "There is whitespace in the middle of it: copy it again, in one piece."
      : /[-_]/.test(encoded)
        ? "It has characters of URL-safe base64 (- or _): the sender's secrets have + and / instead."
        : WHERE_TO_FIND;
    throw invalidSecret("The signing secret is not base64.", hint);
  }
  let binary: string | undefined;
  try {
    binary = atob(encoded);
  } catch {
    // Not a length that base64 can have: refused below like any other spelling that is not the canonical one.
  }
  if (binary === undefined || btoa(binary) !== encoded) {
    throw invalidSecret(
      "The signing secret is not canonical base64.",
      `Its last characters seem to be missing or changed (padding included). ${WHERE_TO_FIND}`,
    );
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function noSecret(): WebhookError {
  return invalidSecret(
    "No signing secret was given.",
    `Set DIFFIO_WEBHOOK_SECRET in the environment, or pass signingSecret. ${WHERE_TO_FIND}`,
  );
}

function invalidSecret(message: string, hint: string = WHERE_TO_FIND): WebhookError {
  return new WebhookError("invalid_secret", message, { hint });
}

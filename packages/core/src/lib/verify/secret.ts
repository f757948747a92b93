import { WebhookError } from "../errors.ts";

const PREFIX = "whsec_";
/** The sender's bounds: it makes and accepts secrets of 24 to 75 bytes. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 75;
const WHERE_TO_FIND =
  "Copy the endpoint's signing secret from the webhook portal: it is whsec_ followed by base64.";

/** What is often passed in place of a secret, by its looks: what to say of it, and how to fix it. */
const MISTAKES: readonly (readonly [looks: RegExp, what: string, hint?: string])[] = [
  [/^$/, "is empty"],
  [/^\s+$/, "is blank"],
  [
    /^\s|\s$/,
    "has whitespace around it",
    "Remove the spaces or the newline: a copied line often ends with one.",
  ],
  [/^["'`].*["'`]$/, "has quotation marks around it", "Remove the quotation marks."],
  [
    /^whpk\d*_/,
    "is an asymmetric (ed25519) public key",
    "Pass asymmetricKey(…) of @diffio-webhooks/core/asymmetric; or the endpoint's symmetric secret, which begins with whsec_.",
  ],
  [
    /^whsk\d*_/,
    "is an asymmetric (ed25519) private key",
    "Only the sender may have it: make a new one there. A receiver needs the public key, whpk_….",
  ],
  [
    /^(?!whsec_|wh[ps]k)[a-z]+_/,
    "begins as another kind of key does",
    `An API key is not a signing secret. ${WHERE_TO_FIND}`,
  ],
  [/^v1a?,/, "begins with v1,", "Remove v1, which stands before signatures, not before secrets."],
  [/^(?:whsec_){2}/i, "has its prefix twice", "Remove one whsec_."],
  [/^(?!whsec)[Ww][Hh][Ss][Ee][Cc]_/, "has its prefix in capitals", "Write whsec_ in lower case."],
  [/^\$|^%\w+%$|^\{\{/, "is a variable that nothing has replaced", "Set the variable, or pass its value."],
  [/^[[{]/, "is a JSON document", "Pass the value of its field that holds the secret."],
  [
    /^(?:export\s+)?[A-Za-z]\w*\s*[=:]\s*[^\s=]/,
    "has its name before it",
    "Pass only what follows the = sign.",
  ],
  [/\s*#|\s+\/\//, "has a comment behind it", "Remove the comment: not every parser of .env files does."],
  [/\s/, "has whitespace in the middle of it", "Copy it again, in one piece."],
  [
    /^(?:whsec_)?(?:[\da-f]{2}){24,}$/i,
    "is in hexadecimal digits",
    "The sender's secrets are in base64. " + WHERE_TO_FIND,
  ],
];

/**
 * Decodes `whsec_<base64>` to the key's bytes.
 *
 * @throws WebhookError `invalid_secret`, with a hint. The secret itself is never part of the message.
 */
export function decodeSigningSecret(secret: unknown): Uint8Array {
  if (typeof secret !== "string") {
    throw invalidSecret(`is ${secret === null ? "null" : `of type ${typeof secret}`}, not a string`);
  }
  const mistake = MISTAKES.find(([looks]) => looks.test(secret));
  if (mistake) throw invalidSecret(mistake[1], mistake[2]);
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  if (encoded === "") throw invalidSecret("is whsec_ with nothing after it");
  const key = decodeCanonicalBase64(encoded);
  if (key.length < MIN_SECRET_BYTES || key.length > MAX_SECRET_BYTES) {
    throw invalidSecret(
      `decodes to ${key.length} bytes; it must be ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES}`,
      `A part of it may be missing. ${WHERE_TO_FIND}`,
    );
  }
  if (String.fromCharCode(...key.subarray(0, PREFIX.length)) === PREFIX) {
    throw invalidSecret("is encoded twice", "Decode it once: Kubernetes, for one, stores secrets in base64.");
  }
  return key;
}

function decodeCanonicalBase64(encoded: string): Uint8Array {
  if (/^[\w+/-]*[-_][\w+/-]*=*$/.test(encoded)) {
    throw invalidSecret(
      "is in URL-safe base64",
      `It has - or _ where the sender's secrets have + and /. ${WHERE_TO_FIND}`,
    );
  }
  let binary: string | undefined;
  try {
    binary = atob(encoded);
  } catch {
    // Not base64 at all: refused below like any other spelling that is not the canonical one.
  }
  if (binary === undefined || btoa(binary) !== encoded) {
    throw invalidSecret(
      /^[A-Za-z\d+/]+={0,2}$/.test(encoded) ? "is not canonical base64" : "is not base64",
      `Its last characters seem to be missing or changed (padding included). ${WHERE_TO_FIND}`,
    );
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** The error for a secret that is not there at all. */
export function noSecret(): WebhookError {
  return new WebhookError("invalid_secret", "There is no signing secret.", {
    hint:
      "Set DIFFIO_WEBHOOK_SECRET in the environment before this module is imported (node --env-file=.env), or pass " +
      `signingSecret. ${WHERE_TO_FIND}`,
  });
}

/** The same where the events are another sender's. */
export function noSecretOfSender(): WebhookError {
  return new WebhookError("invalid_secret", "There is no signing secret of this sender.", {
    hint:
      "signingSecret is undefined: an environment variable that is not set, perhaps. DIFFIO_WEBHOOK_SECRET is not used with " +
      "other events than Diffio's.",
  });
}

/** @param what follows “The signing secret”. */
export function invalidSecret(what: string, hint: string = WHERE_TO_FIND): WebhookError {
  return new WebhookError("invalid_secret", `The signing secret ${what}.`, { hint });
}

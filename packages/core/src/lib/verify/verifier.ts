import { toBytes } from "./bytes.ts";
import { WebhookError } from "../errors.ts";
import { type HeadersInput, type ReceivedHeaders, readHeaders, readSignedHeaders } from "./headers.ts";
import { checkNow, checkTolerance } from "../options.ts";
import type { KeySource } from "./key-source.ts";
import { type SignedParts, type SigningKey, type SigningSecrets, importSigningSecrets } from "./keys.ts";
import { parseSignatureHeader } from "./signature.ts";
import { checkTimestamp } from "./timestamp.ts";

const MAX_ID_CHARACTERS = 128;
/** By its code: 1 for a character that ids may have, else 0. */
const ID_CHARACTERS = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(/[A-Za-z0-9_-]/.test(String.fromCharCode(code))),
);

/** Options of {@link createVerifier}. */
export interface VerifierOptions {
  /** `whsec_…`; a list during rotation; or a record by name; the result then has the name that matched. */
  signingSecret: SigningSecrets;
  /** How far the timestamp may be from the clock, in seconds, in both directions, bounds included. Default 300. */
  toleranceInSeconds?: number | undefined;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/** One delivery as a verifier takes it. */
export interface SignedDelivery {
  /** A plain object (names in any case, values may be arrays), a `Headers`, or a function from name to value. */
  headers: HeadersInput;
  /** The raw bytes of the body, or a string that stands for its UTF-8 bytes. Never a parsed object. */
  body: Uint8Array | string;
}

/** An authentic message whose body has not been parsed. */
export interface VerifiedMessage {
  /** `svix-id`: the same for all attempts of one message. */
  messageId: string;
  /** When this attempt was signed. */
  timestamp: Date;
  /** The bytes that were signed. */
  body: Uint8Array;
  /** The name of the secret that matched, if the secrets are named. */
  secretName?: string;
}

/** Verifies deliveries. Make it once and use it for all. */
export interface Verifier {
  /**
   * Checks headers, timestamp and signature of one delivery, synchronously.
   *
   * @throws WebhookError with the code of the first check that fails, in the order: `missing_header`,
   * `invalid_header`, `invalid_timestamp`, `timestamp_too_old`, `timestamp_too_new`,
   * `invalid_signature_header`, `body_already_parsed`, `no_matching_signature`
   */
  verify(delivery: SignedDelivery): VerifiedMessage;
}

/** What the headers of a delivery say once they are checked; its body still to come. */
export interface SignedEnvelope extends SignedParts {
  readonly messageId: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/**
 * Makes a verifier for use without a receiver: in a queue consumer, a test, or a framework that has no adapter.
 *
 * @throws WebhookError `invalid_secret`, `invalid_option`
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const keys = importSigningSecrets(options.signingSecret);
  const isSymmetric = keys.every((key) => key.isSymmetric);
  const toleranceInSeconds = checkTolerance(options.toleranceInSeconds);
  const now = checkNow(options.now);
  return {
    verify({ headers, body }) {
      const envelope = openEnvelope(readHeaders(headers), now(), toleranceInSeconds, isSymmetric);
      const bytes = toBytes(body);
      const key = findSigningKey(envelope, bytes, keys);
      if (!key) throw noMatchingSignature(bytes);
      const message: VerifiedMessage = {
        messageId: envelope.messageId,
        timestamp: new Date(envelope.timestamp * 1000),
        body: bytes,
      };
      if (key.name !== undefined) message.secretName = key.name;
      return message;
    },
  };
}

/**
 * All checks that need no body, cheapest first.
 *
 * @param isSymmetric whether only signatures of version 1 can match: a delivery without any is refused then.
 */
export function openEnvelope(
  headers: ReceivedHeaders,
  nowInMs: number,
  toleranceInSeconds: number,
  isSymmetric: boolean,
): SignedEnvelope {
  const { messageId, timestamp, signature } = readSignedHeaders(headers);
  if (!isMessageId(messageId)) {
    throw new WebhookError(
      "invalid_header",
      "The message id has characters that ids never have, or is too long.",
    );
  }
  return {
    messageId,
    timestamp: checkTimestamp(timestamp, nowInMs, toleranceInSeconds),
    prefix: [messageId, ".", timestamp, "."],
    signatures: parseSignatureHeader(signature, isSymmetric),
    signatureHeader: signature,
  };
}

/**
 * `[A-Za-z0-9_-]{1,128}`. No dot: the signed bytes are `id.timestamp.body`, and a dot in the id would let one signature
 * be read in two ways. A table, since ids look random: branches by ranges would be guessed wrong every other time.
 */
export function isMessageId(id: string): boolean {
  if (id.length === 0 || id.length > MAX_ID_CHARACTERS) return false;
  let allowed = 1;
  for (let at = 0; at < id.length; at++) allowed &= ID_CHARACTERS[id.charCodeAt(at)] ?? 0;
  return allowed === 1;
}

/** Finds the key that signed the body. */
export function findSigningKey(
  parts: SignedParts,
  body: Uint8Array,
  keys: readonly SigningKey[],
): SigningKey | undefined {
  // Not find(): a closure for each delivery.
  for (const key of keys) if (key.hasSigned(parts, body)) return key;
  return undefined;
}

/**
 * The same with the keys of a source: if none matches, newer ones are requested.
 *
 * @throws WebhookError `no_matching_signature`, `secret_unavailable`, `receiver_busy`
 */
export function authenticate<Platform>(
  parts: SignedParts,
  body: Uint8Array,
  source: KeySource<Platform>,
  platform: Platform,
): SigningKey | Promise<SigningKey> {
  const keys = source.get(platform);
  return keys instanceof Promise
    ? keys.then((known) => withKeys(known, parts, body, source, platform))
    : withKeys(keys, parts, body, source, platform);
}

function withKeys<Platform>(
  tried: readonly SigningKey[],
  parts: SignedParts,
  body: Uint8Array,
  source: KeySource<Platform>,
  platform: Platform,
): SigningKey | Promise<SigningKey> {
  const key = findSigningKey(parts, body, tried);
  if (key) return key;
  const newer = source.renew(tried, platform);
  return newer instanceof Promise
    ? newer.then((known) => keyOf(known, parts, body))
    : keyOf(newer ?? [], parts, body);
}

function keyOf(keys: readonly SigningKey[], parts: SignedParts, body: Uint8Array): SigningKey {
  const key = findSigningKey(parts, body, keys);
  if (key) return key;
  throw noMatchingSignature(body);
}

function noMatchingSignature(body: Uint8Array): WebhookError {
  return new WebhookError(
    "no_matching_signature",
    "No signature of the delivery matches its body and a known secret.",
    {
      hint: looksLikeBase64(body)
        ? 'The body is in base64: an API gateway encoded it (isBase64Encoded). Pass Buffer.from(event.body, "base64").'
        : "Either it is forged, or the secret is that of another endpoint (each has its own), or something changed the " +
          "body on its way: a middleware that parses and re-serialises it, or a proxy.",
    },
  );
}

/** Whether the body begins as the base64 of a JSON object does, with its first key: `{"` or, spaced, `{ ` and `{\n`. */
function looksLikeBase64(body: Uint8Array): boolean {
  return /^(?:ey[AJ]|ew[0o])[\w+/]*={0,2}$/.test(String.fromCharCode(...body.subarray(0, 64)));
}

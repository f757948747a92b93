/**
 * Signed messages and sample events for your own tests: what the sender would send.
 *
 * @module
 */
import { createHmacSha256 } from "#hmac";
import { toBytes } from "./lib/verify/bytes.ts";
import { invalidOption } from "./lib/options.ts";
import { WebhookError } from "./lib/errors.ts";
import {
  GENERATION_EVENT_TYPES,
  type GenerationEventType,
  isGenerationEventType,
} from "./lib/events/event-types.ts";
import type { GenerationEventByType } from "./lib/events/diffio.ts";
import { decodeSigningSecret } from "./lib/verify/secret.ts";

/** Options of {@link signMessage}. */
export interface SignMessageOptions {
  /** `whsec_…`; or a list, newest first, as the sender signs during a rotation. */
  signingSecret: string | readonly string[];
  /** The raw body: bytes, a string that stands for its UTF-8 bytes, or an event (of any sender) to write as JSON. */
  body: Uint8Array | string | object;
  /** The message id. Default: a new one. */
  id?: string | undefined;
  /** When it is signed: a `Date`, or seconds since the epoch. Default: now. */
  timestamp?: Date | number | undefined;
}

/** A message as the sender would send it. */
export interface SignedMessage {
  headers: { "svix-id": string; "svix-timestamp": string; "svix-signature": string };
  body: Uint8Array;
  /** The body as text, for tools that take no bytes (supertest, `inject`). Encoded as UTF-8 it is the body again. */
  text: string;
}

/**
 * Signs a message as the sender does.
 *
 * @throws WebhookError `invalid_secret`, `invalid_option`
 */
export function signMessage({ signingSecret, body, id, timestamp }: SignMessageOptions): SignedMessage {
  const bytes = toBytes(isEvent(body) ? JSON.stringify(body) : body);
  const messageId = id ?? `msg_${crypto.randomUUID().replaceAll("-", "")}`;
  const seconds = String(toSeconds(timestamp));
  const secrets = [signingSecret].flat();
  if (secrets.length === 0) throw new WebhookError("invalid_secret", "The list of signing secrets is empty.");
  const signatures = secrets.map((secret) => {
    const sign = createHmacSha256(decodeSigningSecret(secret));
    return `v1,${btoa(String.fromCharCode(...sign([messageId, ".", seconds, "."], bytes)))}`;
  });
  return {
    headers: { "svix-id": messageId, "svix-timestamp": seconds, "svix-signature": signatures.join(" ") },
    body: bytes,
    text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  };
}

/** The status that each type comes with. */
const STATUS_OF = {
  "generation.queued": "queued",
  "generation.processing": "processing",
  "generation.failed": "error",
  "generation.completed": "complete",
} as const satisfies Record<GenerationEventType, string>;

/**
 * Makes an event like the one on the vendor's page, of the type and with the fields that you name.
 *
 * @throws WebhookError `invalid_option` for a type that is not known
 */
export function sampleEvent<Type extends GenerationEventType>(
  eventType: Type,
  overrides: Partial<GenerationEventByType[Type]> = {},
): GenerationEventByType[Type] {
  if (!isGenerationEventType(eventType)) {
    throw invalidOption(
      `${String(eventType)} is not a known event type.`,
      `The types are ${GENERATION_EVENT_TYPES.join(", ")}.`,
    );
  }
  const failed = eventType === "generation.failed";
  return {
    eventType,
    eventId: "evt_123",
    createdAt: "2026-01-28T12:34:56Z",
    apiKeyId: "key_123",
    apiProjectId: "proj_123",
    generationId: "gen_123",
    status: STATUS_OF[eventType],
    hasVideo: false,
    modelKey: "diffio-2",
    error: failed ? "processing_failed" : null,
    errorDetails: failed ? "The source could not be decoded." : null,
    ...overrides,
  } as GenerationEventByType[Type];
}

function isEvent(body: SignMessageOptions["body"]): body is object {
  return (
    typeof body === "object" && body !== null && Object.prototype.toString.call(body) === "[object Object]"
  );
}

/** Never 0 by itself, which no sender sends: mocked clocks begin there. */
function toSeconds(timestamp: Date | number = Math.max(1, Date.now() / 1000)): number {
  const seconds = timestamp instanceof Date ? timestamp.getTime() / 1000 : timestamp;
  if (!Number.isFinite(seconds))
    throw invalidOption("timestamp is not a time.", "Pass a Date, or seconds since 1970.");
  return Math.floor(seconds);
}

import { WebhookError } from "../errors.ts";

/** One header's value, as the various runtimes represent it. */
export type HeaderValue = string | readonly string[] | null | undefined;

/**
 * The headers of a delivery: a plain object with names in any case and values that may be arrays, as Node has
 * them; a `Headers`; or a function from a lower-case name to the value.
 */
export type HeadersInput =
  | Readonly<Record<string, HeaderValue>>
  | { get(name: string): string | null }
  | ((name: string) => HeaderValue);

/** The headers that matter, as they came. `webhook-*` are those of white-labelled senders (Standard Webhooks). */
export interface ReceivedHeaders {
  contentEncoding: HeaderValue;
  svixId: HeaderValue;
  svixTimestamp: HeaderValue;
  svixSignature: HeaderValue;
  webhookId: HeaderValue;
  webhookTimestamp: HeaderValue;
  webhookSignature: HeaderValue;
}

/** The three values that a signed delivery carries, each still unchecked. */
export interface SignedHeaders {
  readonly messageId: string;
  readonly timestamp: string;
  readonly signature: string;
}

/** 1 for each length that the name of such a header has: a cheap way to skip most others. */
const LENGTHS = new Uint8Array("webhook-timestamp".length + 1);
for (const name of ["svix-id", "webhook-id", "svix-timestamp", "content-encoding", "webhook-signature"]) {
  LENGTHS[name.length] = 1;
}
/** `v1,` and 44 characters: one signature. */
const ONE_SIGNATURE = 47;

/** Reads the headers that matter out of all that {@link HeadersInput} allows. */
export function readHeaders(headers: HeadersInput): ReceivedHeaders {
  if (typeof headers === "function") {
    try {
      return collect(headers);
    } catch (cause) {
      throw new WebhookError("invalid_option", "The headers function failed.", {
        hint: "It is called with lower-case names and returns the request's values: (name) => req.headers[name].",
        cause,
      });
    }
  }
  if (typeof headers !== "object" || headers === null) {
    throw new WebhookError("invalid_option", "The headers are not an object.", {
      hint: "Pass the request's headers: an object, a Headers, or a function from name to value.",
    });
  }
  if (typeof headers.get === "function") {
    const web = headers as { get(name: string): string | null };
    return collect((name) => web.get(name));
  }
  return collectFromRecord(headers as Readonly<Record<string, HeaderValue>>);
}

/**
 * Reads id, timestamp and signature: all three, once each, of one family. A mixture of families is refused even
 * when one of them is whole, because two readers might then disagree about which message this is.
 *
 * @throws WebhookError `missing_header`, `invalid_header`
 */
export function readSignedHeaders(headers: ReceivedHeaders): SignedHeaders {
  const { svixId, svixTimestamp, svixSignature, webhookId, webhookTimestamp, webhookSignature } = headers;
  const isSvix = isPresent(svixId) || isPresent(svixTimestamp) || isPresent(svixSignature);
  const isWebhook = isPresent(webhookId) || isPresent(webhookTimestamp) || isPresent(webhookSignature);
  if (isSvix && isWebhook) {
    throw new WebhookError("invalid_header", "The delivery mixes svix-* and webhook-* headers.", {
      hint: "The sender uses one family only: look for a proxy or a test that adds the other.",
    });
  }
  if (isWebhook) return readFamily("webhook", webhookId, webhookTimestamp, webhookSignature);
  if (isSvix) return readFamily("svix", svixId, svixTimestamp, svixSignature);
  throw new WebhookError(
    "missing_header",
    "The delivery has no svix-id, svix-timestamp and svix-signature.",
    {
      hint: "Either this is not from the sender, or a proxy in front of this service removes unknown headers.",
    },
  );
}

function readFamily(
  family: string,
  messageId: HeaderValue,
  timestamp: HeaderValue,
  signature: HeaderValue,
): SignedHeaders {
  if (!isPresent(messageId) || !isPresent(timestamp) || !isPresent(signature)) {
    const [missing] =
      Object.entries({ id: messageId, timestamp, signature }).find(([, value]) => !isPresent(value)) ?? [];
    throw new WebhookError("missing_header", `The delivery has no ${family}-${missing}.`, {
      hint: `A proxy in front of this service may remove unknown headers: let all ${family}-* headers through.`,
    });
  }
  const signed = { messageId: single(messageId), timestamp: single(timestamp), signature: single(signature) };
  if (isJoined(signed)) throw repeatedHeader();
  return signed;
}

function single(value: string | readonly string[]): string {
  if (typeof value === "string") return value;
  const [first] = Array.isArray(value) && value.length === 1 ? (value as readonly unknown[]) : [];
  if (typeof first !== "string") throw repeatedHeader();
  return first;
}

function isPresent(value: HeaderValue): value is string | readonly string[] {
  return value !== undefined && value !== null;
}

/**
 * Whether a server joined a repeated header with ", ". A timestamp has no comma (nor has an id, which is refused for it
 * anyway), and no token of a signature list ends with one, except a version without its signature.
 */
function isJoined({ timestamp, signature }: SignedHeaders): boolean {
  return timestamp.includes(",") || (signature.length > ONE_SIGNATURE && hasJoint(signature));
}

/** In one pass, since the list may be an attempt to burn CPU. */
function hasJoint(list: string): boolean {
  let start = 0;
  for (;;) {
    const end = list.indexOf(" ", start);
    if (end === -1) return false;
    if (list[end - 1] === "," && (end - start > 5 || !/^v\d+a?,$/.test(list.slice(start, end)))) return true;
    start = end + 1;
  }
}

function repeatedHeader(): WebhookError {
  return new WebhookError("invalid_header", "An id, timestamp or signature header came more than once.", {
    hint: "A proxy may add its own copy of the header to the sender's; or the value passed is not a string.",
  });
}

function collect(get: (name: string) => HeaderValue): ReceivedHeaders {
  return {
    contentEncoding: get("content-encoding"),
    svixId: get("svix-id"),
    svixTimestamp: get("svix-timestamp"),
    svixSignature: get("svix-signature"),
    webhookId: get("webhook-id"),
    webhookTimestamp: get("webhook-timestamp"),
    webhookSignature: get("webhook-signature"),
  };
}

/** In one pass over the names: they come in any case, and more than once. */
function collectFromRecord(record: Readonly<Record<string, HeaderValue>>): ReceivedHeaders {
  const found = collect(() => undefined);
  for (const name of Object.keys(record)) {
    if (LENGTHS[name.length] === 1 && !put(found, name, record, name)) {
      put(found, name.toLowerCase(), record, name);
    }
  }
  return found;
}

/**
 * Takes what the record has under `key` for the header of a lower-case name. Written out, so that engines see one name at
 * each place: there both reading and writing costs a fraction of what it does by any name.
 */
function put(
  found: ReceivedHeaders,
  name: string,
  record: Readonly<Record<string, HeaderValue>>,
  key: string,
): boolean {
  switch (name) {
    case "svix-id":
      found.svixId = both(found.svixId, record[key]);
      return true;
    case "svix-timestamp":
      found.svixTimestamp = both(found.svixTimestamp, record[key]);
      return true;
    case "svix-signature":
      found.svixSignature = both(found.svixSignature, record[key]);
      return true;
    case "webhook-id":
      found.webhookId = both(found.webhookId, record[key]);
      return true;
    case "webhook-timestamp":
      found.webhookTimestamp = both(found.webhookTimestamp, record[key]);
      return true;
    case "webhook-signature":
      found.webhookSignature = both(found.webhookSignature, record[key]);
      return true;
    case "content-encoding":
      found.contentEncoding = both(found.contentEncoding, record[key]);
      return true;
    default:
      return false;
  }
}

function both(earlier: HeaderValue, value: HeaderValue): HeaderValue {
  return isPresent(earlier) && isPresent(value) ? [earlier, value].flat() : (value ?? earlier);
}

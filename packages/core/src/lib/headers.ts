import { WebhookError } from "./errors.ts";

/** One header's value as the various runtimes hand it out. */
export type HeaderValue = string | readonly string[] | null | undefined;

/**
 * The headers of a delivery: a plain object with names in any case and values that may be arrays, as Node has
 * them; a `Headers`; or a function from a lower-case name to the value.
 */
export type HeadersInput =
  | Readonly<Record<string, HeaderValue>>
  | { get(name: string): string | null }
  | ((name: string) => HeaderValue);

/** Reads a header by its lower-case name. */
export type HeaderGetter = (name: string) => HeaderValue;

/** The three values that a signed delivery carries, each still unchecked. */
export interface SignedHeaders {
  readonly messageId: string;
  readonly timestamp: string;
  readonly signature: string;
}

/** The sender's own names, and those of white-labelled senders (the Standard Webhooks specification). */
const FAMILIES = ["svix", "webhook"] as const;

/** Makes one way of reading headers out of all that {@link HeadersInput} allows. */
export function toHeaderGetter(headers: HeadersInput): HeaderGetter {
  if (typeof headers === "function") return headers;
  if (typeof headers !== "object" || headers === null) {
    throw new WebhookError("invalid_option", "The headers are not an object.", {
      hint: "Pass the request's headers: an object, a Headers, or a function from name to value.",
    });
  }
  if (typeof headers.get === "function") {
    const web = headers as { get(name: string): string | null };
    return (name) => web.get(name);
  }
  const record = headers as Readonly<Record<string, HeaderValue>>;
  return (name) => {
    let found: HeaderValue;
    // Not a plain look-up: names come in any case, and the same name in two cases is a repeated header.
    for (const key in record) {
      if (key.length !== name.length || (key !== name && key.toLowerCase() !== name)) continue;
      const value = record[key];
      if (value === undefined || value === null || !Object.hasOwn(record, key)) continue;
      found = found === undefined || found === null ? value : [found, value].flat();
    }
    return found;
  };
}

/**
 * Reads id, timestamp and signature: all three, once each, of one family. A mixture of families is refused even
 * when one of them is whole, because two readers might then disagree about which message this is.
 *
 * @throws WebhookError `missing_header`, `invalid_header`
 */
export function readSignedHeaders(get: HeaderGetter): SignedHeaders {
  const svix = readFamily(get, FAMILIES[0]);
  const webhook = readFamily(get, FAMILIES[1]);
  if (svix && webhook) {
    throw new WebhookError("invalid_header", "The delivery mixes svix-* and webhook-* headers.", {
      hint: "The sender uses one family only: look for a proxy or a test that adds the other.",
    });
  }
  const family = svix ? FAMILIES[0] : FAMILIES[1];
  const found = svix ?? webhook;
  if (!found) {
    throw new WebhookError(
      "missing_header",
      "The delivery has no svix-id, svix-timestamp and svix-signature.",
      {
        hint: "Either this did not come from the sender, or a proxy before this service removes unknown headers.",
      },
    );
  }
  const { messageId, timestamp, signature } = found;
  const missing = [
    messageId === undefined && `${family}-id`,
    timestamp === undefined && `${family}-timestamp`,
    signature === undefined && `${family}-signature`,
  ].filter((name) => name !== false);
  if (messageId === undefined || timestamp === undefined || signature === undefined) {
    throw new WebhookError("missing_header", `The delivery has no ${missing.join(" and no ")}.`, {
      hint: "A proxy before this service may remove unknown headers: let all svix-* headers through.",
    });
  }
  return { messageId, timestamp, signature };
}

function readFamily(get: HeaderGetter, family: string): Partial<SignedHeaders> | undefined {
  const messageId = readOnce(get, `${family}-id`);
  const timestamp = readOnce(get, `${family}-timestamp`);
  const signature = readOnce(get, `${family}-signature`);
  if (messageId === undefined && timestamp === undefined && signature === undefined) return undefined;
  return {
    ...(messageId !== undefined && { messageId }),
    ...(timestamp !== undefined && { timestamp }),
    ...(signature !== undefined && { signature }),
  };
}

function readOnce(get: HeaderGetter, name: string): string | undefined {
  const value = get(name);
  if (value === undefined || value === null) return undefined;
  const single: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof single !== "string") {
    throw new WebhookError("invalid_header", `The header ${name} is not one string.`, {
      hint: "It came more than once, or something before the receiver changed the headers.",
    });
  }
  // Servers join a repeated header with ", ". An id or a timestamp has no comma; in a signature list a joint shows
  // as a whole token with one more comma behind it.
  if (name.endsWith("-signature") ? /,[^ ]+, /.test(single) : single.includes(",")) {
    throw new WebhookError("invalid_header", `The header ${name} came more than once.`, {
      hint: "A proxy may add its own copy of the header to that of the sender.",
    });
  }
  return single;
}

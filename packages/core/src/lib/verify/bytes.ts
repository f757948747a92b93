import { WebhookError } from "../errors.ts";

const encoder = new TextEncoder();

/**
 * Takes bytes as they are, and strings as their UTF-8 bytes.
 *
 * @throws WebhookError `body_already_parsed` for anything else.
 */
export function toBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array && body.length > 0) return body;
  if (typeof body === "string") return encoder.encode(body);
  if (ArrayBuffer.isView(body)) return view(body.buffer, body.byteOffset, body.byteLength);
  // By its tag, since an ArrayBuffer may come from another realm.
  if (Object.prototype.toString.call(body) === "[object ArrayBuffer]") return view(body as ArrayBuffer);
  throw bodyAlreadyParsed(
    "Pass the bytes of the body as they arrived, never the object that was parsed from them.",
  );
}

function view(buffer: ArrayBufferLike, offset?: number, length?: number): Uint8Array {
  try {
    return new Uint8Array(buffer, offset, length);
  } catch {
    throw bodyAlreadyParsed(
      "Its buffer was transferred (postMessage, structuredClone): copy the bytes before that.",
    );
  }
}

/** The error for a body of which only a parsed value is left. */
export function bodyAlreadyParsed(hint: string): WebhookError {
  return new WebhookError(
    "body_already_parsed",
    "The raw bytes of the body are gone, so it cannot be verified.",
    {
      hint,
    },
  );
}

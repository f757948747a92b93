import { decodeUtf8 } from "#utf8";
import { toBytes } from "../verify/bytes.ts";
import { invalidPayload } from "./catalog.ts";

/**
 * Reads a body that is a JSON object in strict UTF-8; a leading byte order mark is passed over.
 *
 * @throws WebhookError `invalid_payload`
 */
export function parseJsonObject(body: Uint8Array | string): Record<string, unknown> {
  const value = parseJson(typeof body === "string" ? body.replace(/^\uFEFF/, "") : decode(toBytes(body)));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidPayload(`The body is ${describe(value)}, not an object.`);
  }
  // JSON can make an own property of this name; a later Object.assign would then set a prototype.
  if (Object.hasOwn(value, "__proto__")) delete (value as Record<string, unknown>)["__proto__"];
  return value as Record<string, unknown>;
}

function decode(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw invalidPayload("The body is not valid UTF-8.", cause);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out: its message quotes the body.
    throw invalidPayload(text.trim() === "" ? "The body is empty." : "The body is not JSON.");
  }
}

/** What a value is, without the value. */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}

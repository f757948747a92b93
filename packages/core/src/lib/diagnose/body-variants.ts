import { GENERATION_EVENT_FIELDS } from "../events/event-types.ts";
import { toBytes } from "../verify/bytes.ts";
import type { Finding, FindingCode } from "./finding.ts";

const BYTE_ORDER_MARK = "\uFEFF";

/** What to do where something changed the body on its way. */
export const RAW_BYTES: string =
  "Verify the bytes as they arrived: mount the webhook route before express.json() and other body parsers, and let no " +
  "proxy or gateway rewrite the body.";

/** What the body may have been when it was signed, and what it means if the signature matches that. */
export interface BodyVariant {
  readonly bytes: Uint8Array;
  /** Absent for the body as it is. */
  readonly finding?: Finding;
}

/** The body as it is, and then as it may have been before something changed it; made one by one, as they are asked for. */
export function* bodyVariants(bytes: Uint8Array): Generator<BodyVariant> {
  yield { bytes };
  const text = decodeUtf8(bytes);
  if (text === undefined) {
    const latin1 = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    const inUtf8 = "The signature matches the body in UTF-8: something encoded it again, as Latin-1.";
    yield changed(latin1, "body_charset", inUtf8);
    return;
  }
  yield* otherEnds(text);
  yield* otherLineEndings(text);
  yield* otherCharset(text);
  for (const { json, style } of rewrittenJson(text)) {
    yield changed(
      json,
      "body_reserialised",
      `The signature matches the body once its JSON is parsed and written again ${style}: something re-encoded it.`,
    );
  }
}

function* otherEnds(text: string): Generator<BodyVariant> {
  if (text.startsWith(BYTE_ORDER_MARK)) {
    const without =
      "The signature matches the body without its byte order mark (BOM): something put one before it.";
    yield changed(text.slice(1), "body_order_mark", without);
  } else {
    const withMark =
      "The signature matches the body with a byte order mark (BOM) before it: something took it off.";
    yield changed(BYTE_ORDER_MARK + text, "body_order_mark", withMark);
  }
  const trimmed = text.replace(/[\r\n]+$/, "");
  // All line breaks at the end, or one of them.
  for (const shorter of trimmed === text ? [] : new Set([text.replace(/\r?\n$/, ""), trimmed])) {
    const without = "The signature matches the body without the line break at its end: something added it.";
    yield changed(shorter, "body_trailing_newline", without);
  }
  for (const end of trimmed === text ? ["\n", "\r\n"] : []) {
    const withBreak = "The signature matches the body with a line break at its end: something took it off.";
    yield changed(text + end, "body_trailing_newline", withBreak);
  }
}

function* otherLineEndings(text: string): Generator<BodyVariant> {
  const unix = text.replaceAll("\r\n", "\n");
  if (unix !== text) {
    yield changed(
      unix,
      "body_line_endings",
      String.raw`The signature matches the body with \n in place of \r\n.`,
    );
  }
  const dos = unix.replaceAll("\n", "\r\n");
  if (dos !== text) {
    yield changed(
      dos,
      "body_line_endings",
      String.raw`The signature matches the body with \r\n in place of \n.`,
    );
  }
}

/** UTF-8 that was read as Latin-1 and written as UTF-8 again. */
function* otherCharset(text: string): Generator<BodyVariant> {
  if (!/[\u0080-\u00FF]/.test(text) || /[^\0-\u00FF]/.test(text)) return;
  yield {
    bytes: Uint8Array.from(text, (character) => character.charCodeAt(0)),
    finding: bodyChanged(
      "body_charset",
      "The signature matches the body encoded once: something read its UTF-8 as Latin-1, and encoded that again.",
    ),
  };
}

function* rewrittenJson(text: string): Generator<{ json: string; style: string }> {
  try {
    const parsed = JSON.parse(withoutMark(text)) as unknown;
    for (const [order, value] of Object.entries(ordersOf(parsed))) {
      for (const [layout, json] of Object.entries(layoutsOf(value))) {
        yield { json, style: layout + order };
        const ascii = escapeNonAscii(json);
        if (ascii !== json) yield { json: ascii, style: `${layout}${order}, in ASCII` };
      }
    }
  } catch {
    // Not JSON, or nested so deeply that it cannot be written again.
  }
}

function ordersOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return { "": value };
  return {
    "": value,
    " with the fields in the vendor's order": Array.isArray(value)
      ? value
      : pick(value, [
          ...GENERATION_EVENT_FIELDS.filter((key) => Object.hasOwn(value, key)),
          ...Object.keys(value),
        ]),
    " with sorted keys": sortKeys(value),
  };
}

function layoutsOf(value: unknown): Record<string, string> {
  const spaced = JSON.stringify(value, null, 1).replaceAll(/,\n */g, ", ").replaceAll(/\n */g, "");
  return {
    "without spaces": JSON.stringify(value),
    "with an indentation of 2": JSON.stringify(value, null, 2),
    "with an indentation of 4": JSON.stringify(value, null, 4),
    "with tabs": JSON.stringify(value, null, "\t"),
    "with a space after each comma and colon": spaced,
  };
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, field]) => [key, sortKeys(field)]),
  );
}

function pick(value: object, keys: readonly string[]): object {
  return Object.fromEntries(keys.map((key) => [key, (value as Record<string, unknown>)[key]]));
}

function escapeNonAscii(json: string): string {
  return json.replaceAll(
    /[^\0-\u007F]/g,
    (unit) => String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

function changed(text: string, code: FindingCode, message: string): BodyVariant {
  return { bytes: toBytes(text), finding: bodyChanged(code, message) };
}

function bodyChanged(code: FindingCode, message: string): Finding {
  return { code, message, hint: RAW_BYTES };
}

/** The text of the bytes, its byte order mark included; nothing where they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text as JSON parsers want it. */
export function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

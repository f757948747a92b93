import { type Child, jsx as h } from "hono/jsx";

/** More is not shown in one piece. */
const MAX_CHARACTERS = 100_000;
const MAX_HEX_BYTES = 2048;
const BYTES_PER_LINE = 16;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Text as it is, with its line breaks. It scrolls, so it can be reached by keyboard. */
export function codeBlock(label: string, content: Child, id?: string): Child {
  return h(
    "pre",
    { class: "code", tabindex: "0", role: "group", "aria-label": label },
    h("code", { id }, content),
  );
}

/** Bytes as text, as they came; at most so many that a page can hold them. */
export function rawText(text: string): string {
  return text.length > MAX_CHARACTERS
    ? `${text.slice(0, MAX_CHARACTERS)}\n… and ${(text.length - MAX_CHARACTERS).toLocaleString("en")} characters more`
    : text;
}

/** JSON with indentation and its parts told apart; `undefined` for what is no JSON. */
export function prettyJson(text: string): Child | undefined {
  let pretty: string;
  try {
    pretty = rawText(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return undefined;
  }
  const parts: Child[] = [];
  let at = 0;
  for (const match of pretty.matchAll(TOKEN)) {
    const [whole, string, colon] = match;
    const kind = string === undefined ? "literal" : colon === undefined ? "string" : "key";
    parts.push(pretty.slice(at, match.index), h("span", { class: `json-${kind}` }, string ?? whole));
    at = match.index + (string ?? whole).length;
  }
  parts.push(pretty.slice(at));
  return parts;
}

/** The first bytes, as a hex dump: offset, bytes, and what of them is printable. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, MAX_HEX_BYTES); at += BYTES_PER_LINE) {
    const line = [...bytes.subarray(at, at + BYTES_PER_LINE)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(BYTES_PER_LINE * 3 - 1)}  ${text}`);
  }
  if (bytes.length > MAX_HEX_BYTES) lines.push(`… of ${bytes.length.toLocaleString("en")} bytes`);
  return lines.join("\n");
}

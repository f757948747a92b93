import { invalidOption } from "../lib/errors.ts";
import { MASK, maskHeaders } from "../lib/http/mask.ts";
import type { PortalContext } from "./context.ts";

/** The fields of a form that was sent. */
export interface Form {
  /** Without spaces around it; empty when absent. */
  text(name: string): string;
  /** `undefined` when absent or empty. */
  optional(name: string): string | undefined;
  /** All values of a name that may be there several times. */
  list(name: string): readonly string[];
}

/** Reads the form that came with a request. */
export async function readForm(c: PortalContext): Promise<Form> {
  const data = new URLSearchParams(await c.req.text());
  const text = (name: string): string => data.get(name)?.trim() ?? "";
  return {
    text,
    optional: (name) => text(name) || undefined,
    list: (name) => data.getAll(name),
  };
}

/**
 * Reads headers, one a line. A masked value stands for the one that the header has.
 *
 * @throws SimulatorError `invalid_option`
 */
export function readHeaders(
  text: string,
  current: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split(/\r?\n/).filter((one) => one.trim() !== "")) {
    const [, name = "", value = ""] = /^([^:]+):(.*)$/.exec(line) ?? [];
    if (name === "")
      throw invalidOption(
        `${JSON.stringify(line)} is no header.`,
        "Write one header a line, as in X-Tenant: acme.",
      );
    headers[name.trim()] =
      value.trim() === MASK ? (current[name.trim().toLowerCase()] ?? MASK) : value.trim();
  }
  return headers;
}

/** Writes headers, one a line, credentials masked. */
export function writeHeaders(headers: Readonly<Record<string, string>>): string {
  return Object.entries(maskHeaders(headers))
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

/**
 * Reads a JSON object; nothing for an empty field.
 *
 * @throws SimulatorError `invalid_option`
 */
export function readJsonObject(text: string): Record<string, unknown> | undefined {
  if (text === "") return undefined;
  const hint = 'Write an object, as in { "apiProjectId": "proj_9" }.';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidOption(`The fields are not JSON: ${(cause as Error).message}.`, hint, cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw invalidOption("The fields are not a JSON object.", hint);
}

/** Reads what an `<input type="datetime-local">` gives, in the time zone of this machine. */
export function readDate(text: string): Date {
  return new Date(text);
}

/**
 * Writes JSON with a space between its parts, as the vendor's page prints it and `JSON.stringify` does not: a receiver
 * that parses and writes again before it verifies shows its mistake here, and not only in production.
 */
export function writeJson(value: unknown): string {
  // Line breaks inside of strings are escaped: those that are left stand between parts.
  return JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");
}

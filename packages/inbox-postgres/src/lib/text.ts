/**
 * Any text as one that every database takes: PostgreSQL has no place for a NUL, nor for half a surrogate pair, and
 * one that is not in UTF-8 has none for most of Unicode. The way back is {@link fromStored}.
 */
export function toStored(text: string): string {
  return text.replaceAll(
    /[^\t\n\x20-\x5B\x5D-\x7E]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What {@link toStored} was given. */
export function fromStored(text: string): string {
  return text.replaceAll(/\\u([0-9a-f]{4})/g, (_escape, unit: string) =>
    String.fromCharCode(Number.parseInt(unit, 16)),
  );
}

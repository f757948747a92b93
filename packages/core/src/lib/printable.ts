const MAX_CHARACTERS = 100;

/** Foreign text, fit for a line of a log: no control or format characters, no line breaks, cut at 100 characters. */
export function printable(value: unknown): string {
  const text = String(value);
  const cut = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
  return cut.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}

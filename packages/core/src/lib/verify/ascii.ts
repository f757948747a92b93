/** How many bytes the texts take together. */
export function asciiLength(texts: readonly string[]): number {
  let length = 0;
  for (const text of texts) length += text.length;
  return length;
}

/**
 * Writes ASCII texts behind each other: a loop, since for a few short texts it is several times cheaper than an encoder
 * or than joining them first.
 *
 * @returns where they end.
 */
export function writeAscii(texts: readonly string[], target: Uint8Array, offset: number): number {
  let end = offset;
  for (const text of texts) {
    for (let at = 0; at < text.length; at++) target[end + at] = text.charCodeAt(at);
    end += text.length;
  }
  return end;
}

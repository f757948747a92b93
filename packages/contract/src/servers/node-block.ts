import { existsSync } from "node:fs";

const LIMIT_MS = 5000;

/**
 * Blocks the thread until the client, having its reply in hand, makes the marker file; or until a limit, which
 * means that the reply was held up.
 */
export function blockUntilReplied(marker: string): boolean {
  const end = Date.now() + LIMIT_MS;
  while (Date.now() < end) {
    if (existsSync(marker)) return true;
  }
  return false;
}

import { randomInt } from "node:crypto";

let last = randomInt(2 ** 47);

/** A token that no other lease has, in any process: drawn once for each thread, then counted. */
export function nextToken(): number {
  last += 1;
  return last;
}

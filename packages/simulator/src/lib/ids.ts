import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Where the time in a KSUID starts to count, in seconds. */
const EPOCH = 1_400_000_000;
const LENGTH = 27;

/**
 * An id as the sender makes them: a prefix and a KSUID (27 characters of base 62: 4 bytes of time, 16 random ones), so
 * that later ids sort after earlier ones.
 *
 * @see https://github.com/segmentio/ksuid
 */
export function newId(prefix: string): string {
  const seconds = Math.floor(Date.now() / 1000) - EPOCH;
  let number = BigInt(`0x${seconds.toString(16).padStart(8, "0")}${randomBytes(16).toString("hex")}`);
  let text = "";
  while (text.length < LENGTH) {
    text = ALPHABET.charAt(Number(number % 62n)) + text;
    number /= 62n;
  }
  return `${prefix}_${text}`;
}

/** A signing secret as the sender makes them: 24 random bytes. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(24).toString("base64")}`;
}

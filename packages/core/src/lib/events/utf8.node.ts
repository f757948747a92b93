import { Buffer, isAscii } from "node:buffer";
import { decodeUtf8 as decodeAny } from "./utf8.portable.ts";

const { latin1Slice } = Buffer.prototype;

/** As in `utf8.portable.ts`, with a shorter way for ASCII, which most bodies are: on Deno it takes a fifth of the time. */
export function decodeUtf8(bytes: Uint8Array): string {
  return isAscii(bytes) ? latin1Slice.call(bytes, 0, bytes.length) : decodeAny(bytes);
}

import { asciiLength, writeAscii } from "./ascii.ts";
import { createOuterHash, stateBehind, writeState } from "./hmac.outer.ts";
import type { HmacSha256 } from "./hmac.ts";
import { BLOCK_BYTES, INITIAL_STATE, compress } from "./sha256.ts";

/** So much is hashed at once: most events in one piece. */
const BUFFER_BYTES = 16 * BLOCK_BYTES;

// What is hashed, and a block for its padding. The code below never yields while they are in use, and wipes the body.
const buffer = new Uint8Array(BUFFER_BYTES + BLOCK_BYTES);
const view = new DataView(buffer.buffer);
const encoder = new TextEncoder();

/** HMAC-SHA256 (RFC 2104) in plain JavaScript, for runtimes without `node:crypto`; `crypto.subtle` is asynchronous. */
export function createHmacSha256(key: Uint8Array): HmacSha256 {
  const block = new Uint8Array(BLOCK_BYTES);
  const state = INITIAL_STATE.slice();
  if (key.length > BLOCK_BYTES) {
    finish(state, absorb(state, 0, key), key.length);
    writeState(state, new DataView(block.buffer));
  } else {
    block.set(key);
  }
  // The key's two blocks are hashed once; each message continues from the states behind them.
  const start = stateBehind(block, 0x36);
  const outer = createOuterHash(block);
  block.fill(0);

  return function hmacSha256(prefix, body) {
    const prefixBytes = asciiLength(prefix);
    state.set(start);
    const waiting =
      prefixBytes <= BUFFER_BYTES
        ? writeAscii(prefix, buffer, 0)
        : absorb(state, 0, encoder.encode(prefix.join("")));
    finish(state, absorb(state, waiting, body), BLOCK_BYTES + prefixBytes + body.length);
    writeState(state, outer.innerView);
    return outer.digest();
  };
}

/** Takes bytes in behind those that wait in the buffer; gives how many wait there then. */
function absorb(state: Int32Array, waiting: number, bytes: Uint8Array): number {
  let filled = waiting;
  let from = 0;
  while (filled + bytes.length - from > BUFFER_BYTES) {
    const to = from + BUFFER_BYTES - filled;
    buffer.set(bytes.subarray(from, to), filled);
    compressBuffer(state, BUFFER_BYTES);
    from = to;
    filled = 0;
  }
  buffer.set(from === 0 ? bytes : bytes.subarray(from), filled);
  return filled + bytes.length - from;
}

/** Takes in what waits in the buffer and the padding: a bit, zeros, and the length of it all in bits. */
function finish(state: Int32Array, waiting: number, totalBytes: number): void {
  const end = Math.ceil((waiting + 9) / BLOCK_BYTES) * BLOCK_BYTES;
  buffer.fill(0, waiting, end);
  buffer[waiting] = 0x80;
  view.setUint32(end - 8, totalBytes / 2 ** 29);
  view.setUint32(end - 4, totalBytes << 3);
  compressBuffer(state, end);
  buffer.fill(0);
}

function compressBuffer(state: Int32Array, end: number): void {
  for (let at = 0; at < end; at += BLOCK_BYTES) compress(state, view, at);
}

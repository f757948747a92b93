import { BLOCK_BYTES, INITIAL_STATE, compress } from "./sha256.ts";

const DIGEST_BYTES = 32;

/** The second of the two hashes of HMAC: over the key's outer pad and the digest of the first. */
export interface OuterHash {
  /** Where the digest of the first hash belongs. */
  readonly inner: Uint8Array;
  /** The same bytes, to write words. */
  readonly innerView: DataView;
  /** Hashes, into an array that the next call writes anew. */
  digest(): Uint8Array;
}

/**
 * Prepares the outer hash of a key in plain JavaScript. What changes in it is one block, hashed from the state behind the
 * pad.
 *
 * @param keyBlock the key, filled up with zeros to a block.
 */
export function createOuterHash(keyBlock: Uint8Array): OuterHash {
  const start = stateBehind(keyBlock, 0x5c);
  const block = new Uint8Array(BLOCK_BYTES);
  const innerView = new DataView(block.buffer);
  // The padding, which stays: a bit, zeros, and the length of pad and digest in bits.
  block[DIGEST_BYTES] = 0x80;
  innerView.setUint16(BLOCK_BYTES - 2, (BLOCK_BYTES + DIGEST_BYTES) * 8);
  const state = new Int32Array(start.length);
  const bytes = new Uint8Array(DIGEST_BYTES);
  const view = new DataView(bytes.buffer);
  return {
    inner: block,
    innerView,
    digest() {
      state.set(start);
      compress(state, innerView, 0);
      writeState(state, view);
      return bytes;
    },
  };
}

/** The state behind the block that is the key with every byte masked: the pads of RFC 2104. */
export function stateBehind(keyBlock: Uint8Array, mask: number): Int32Array {
  const state = INITIAL_STATE.slice();
  compress(state, new DataView(keyBlock.map((byte) => byte ^ mask).buffer), 0);
  return state;
}

/** Writes a state as the digest that it is. */
export function writeState(state: Int32Array, target: DataView): void {
  for (let index = 0; index < state.length; index++) target.setInt32(4 * index, state[index] ?? 0);
}

/**
 * Signs one message: HMAC-SHA256 over the bytes of `prefix` followed by those of `body`. Each backend (`hmac.node.ts`
 * and `hmac.portable.ts`) exports a `createHmacSha256` that makes it from a key.
 *
 * @param prefix `id.timestamp.` in any number of pieces, since joining them costs more than hashing them. ASCII, at most
 * 142 characters: the header checks see to that.
 * @param body the raw bytes.
 * @returns the 32 bytes of the digest, in an array that the next call overwrites.
 */
export type HmacSha256 = (prefix: readonly string[], body: Uint8Array) => Uint8Array;

/** The 32 bytes of a digest as a string of 32 characters below 256: cheaper in every runtime than an array of bytes. */
export type Digest = string;

/**
 * Signs one message: HMAC-SHA256 over the bytes of `prefix` followed by those of `body`. Each backend (`hmac.node.ts`
 * and `hmac.noble.ts`) exports a `createHmacSha256` that makes it from a key.
 *
 * @param prefix `id.timestamp.`, ASCII, at most 142 characters: the header checks see to that.
 * @param body the raw bytes.
 */
export type HmacSha256 = (prefix: string, body: Uint8Array) => Digest;

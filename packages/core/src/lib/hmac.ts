/**
 * Signs one message (each backend, `hmac.node.ts` and `hmac.noble.ts`, exports a `createHmacSha256` that makes it from a
 * key): HMAC-SHA256 over the bytes of `prefix` followed by those of `body`.
 *
 * @param prefix `id.timestamp.`, ASCII, at most 142 characters: the header checks see to that.
 * @param body the raw bytes.
 * @returns the 44 characters of canonical base64.
 */
export type HmacSha256 = (prefix: string, body: Uint8Array) => string;

/**
 * Signs one message: HMAC-SHA256 over the bytes of `prefix` followed by those of `body`.
 *
 * @param prefix `id.timestamp.`, ASCII, at most 142 characters: the header checks see to that.
 * @param body the raw bytes.
 * @returns the 44 characters of canonical base64.
 */
export type HmacSha256 = (prefix: string, body: Uint8Array) => string;

/** What each backend (`hmac.node.ts`, `hmac.noble.ts`) exports as `createHmacSha256`. */
export type CreateHmacSha256 = (key: Uint8Array) => HmacSha256;

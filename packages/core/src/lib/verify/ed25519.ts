/**
 * Verifies one ed25519 signature (RFC 8032). Each backend (`ed25519.node.ts` and `ed25519.portable.ts`) exports a
 * `createEd25519Verifier` that makes it from the 32 bytes of a public key.
 *
 * @param signature 64 bytes.
 */
export type Ed25519Verifier = (message: Uint8Array, signature: Uint8Array) => boolean;

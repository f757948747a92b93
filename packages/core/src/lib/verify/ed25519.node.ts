import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import type { Ed25519Verifier } from "./ed25519.ts";

/** By Node's own OpenSSL. */
export function createEd25519Verifier(publicKey: Uint8Array): Ed25519Verifier {
  const x = Buffer.from(publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return (message, signature) => verify(null, message, key, signature);
}

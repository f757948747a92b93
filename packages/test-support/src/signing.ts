import { createHmac, randomBytes } from "node:crypto";
import { Webhook } from "svix";

/** The secret of the sender's own documentation, and one of somebody else's. */
export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const FORGERS_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/** An id that no message had before. */
export function newMessageId(): string {
  return `msg_${randomBytes(12).toString("hex")}`;
}

/** Signs whatever it is given, however wrong, by an HMAC that is none of ours. */
export function hmacSignature(
  secret: string,
  id: string,
  timestamp: string,
  body: string | Uint8Array,
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
}

/** How {@link signatureHeaders} may sign otherwise. */
export interface SigningOptions {
  /** A signature for each. */
  readonly secrets?: readonly string[];
  readonly messageId?: string;
  readonly ageInSeconds?: number;
}

/**
 * The sender's three headers, signed by the `svix` package, or by `node:crypto` where the body is no text (which that
 * package needs): never by our own signer, which might share a mistake with our own verifier.
 */
export function signatureHeaders(
  body: string | Uint8Array,
  { secrets = [SECRET], messageId = newMessageId(), ageInSeconds = 0 }: SigningOptions = {},
): Record<"svix-id" | "svix-timestamp" | "svix-signature", string> {
  const at = new Date(Date.now() - ageInSeconds * 1000);
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map((secret) =>
    typeof body === "string"
      ? new Webhook(secret).sign(messageId, at, body)
      : hmacSignature(secret, messageId, timestamp, body),
  );
  return { "svix-id": messageId, "svix-timestamp": timestamp, "svix-signature": signatures.join(" ") };
}

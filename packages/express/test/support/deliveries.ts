import { randomBytes } from "node:crypto";
import type { WebhookError } from "@diffio-webhooks/core";
import { Webhook } from "svix";

/** The secret of the sender's own documentation, and one of somebody else's. */
export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const FORGERS_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

export const PATH = "/webhooks/diffio";

/** A body that no parsing and writing again would leave as it is. */
export const BODY = String.raw`{ "eventType": "generation.completed", "eventId": "evt_123",
  "createdAt": "2026-01-28T12:34:56Z", "apiKeyId": "key_123", "generationId": "gen_123",
  "status": "complete", "cost": 1.0, "note": "\u00e9 is é" }`;

/** A delivery, ready to be sent. */
export interface SignedDelivery {
  readonly messageId: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Signs a delivery with the sender's own package. */
export function signed(
  body: string = BODY,
  { secret = SECRET, contentType = "application/json" }: { secret?: string; contentType?: string } = {},
): SignedDelivery {
  const messageId = `msg_${randomBytes(12).toString("hex")}`;
  const at = new Date();
  return {
    messageId,
    body,
    headers: {
      "content-type": contentType,
      "svix-id": messageId,
      "svix-timestamp": String(Math.floor(at.getTime() / 1000)),
      "svix-signature": new Webhook(secret).sign(messageId, at, body),
    },
  };
}

/** A delivery by somebody who does not have the secret. */
export function forged(body?: string): SignedDelivery {
  return signed(body, { secret: FORGERS_SECRET });
}

/** Options that keep what happens, and where they keep it. */
export function recorder(): {
  readonly runs: string[];
  readonly refusals: WebhookError[];
  readonly options: {
    signingSecret: string;
    onAny: (event: unknown, context: { readonly messageId: string }) => void;
    onRejected: (error: WebhookError) => void;
  };
} {
  const runs: string[] = [];
  const refusals: WebhookError[] = [];
  return {
    runs,
    refusals,
    options: {
      signingSecret: SECRET,
      onAny: (_event, { messageId }) => void runs.push(messageId),
      onRejected: (error) => void refusals.push(error),
    },
  };
}

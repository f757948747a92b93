import { FORGERS_SECRET, SECRET, newMessageId, signatureHeaders } from "./signing.ts";

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
  {
    secret = SECRET,
    messageId = newMessageId(),
    contentType = "application/json",
  }: { secret?: string; messageId?: string; contentType?: string } = {},
): SignedDelivery {
  const headers = signatureHeaders(body, { secrets: [secret], messageId });
  return { messageId, body, headers: { "content-type": contentType, ...headers } };
}

/** A delivery by somebody who does not have the secret. */
export function forged(body?: string): SignedDelivery {
  return signed(body, { secret: FORGERS_SECRET });
}

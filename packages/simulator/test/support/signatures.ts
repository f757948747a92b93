import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook } from "svix";
import type { Arrived } from "./receivers.ts";

/** Verifies with the sender's own package and with the specification's; both throw where it does not verify. */
export function verifyWithBoth(secret: string, { headers, body }: Arrived): void {
  const signed = {
    id: String(headers["svix-id"]),
    timestamp: String(headers["svix-timestamp"]),
    signature: String(headers["svix-signature"]),
  };
  for (const [family, verifier] of [
    ["svix", new Webhook(secret)],
    ["webhook", new StandardWebhook(secret)],
  ] as const) {
    const named = Object.entries(signed).map(([name, value]) => [`${family}-${name}`, value]);
    verifier.verify(body.toString(), Object.fromEntries(named) as Record<string, string>);
  }
}

import { createHash } from "node:crypto";

/** The name of a receiver's queue: its own where pg-boss takes it, else its hash. */
export function queueName(receiver: string): string {
  if (/^[\w.-]{1,100}$/.test(receiver)) return `diffio-webhooks/${receiver}`;
  return `diffio-webhooks-hashed/${createHash("sha256").update(receiver, "utf16le").digest("hex")}`;
}

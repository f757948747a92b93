/** Accepts messages until the inbox cannot take one more, and tells what came of it: `node fill.ts <path>`. */
import { type WebhookError } from "@diffio-webhooks/core";
import { newMessageId } from "@diffio-webhooks/test-support/signing";
import { sqliteInbox } from "../../src/index.ts";

const inbox = sqliteInbox({ path: process.argv[2] ?? "" });
let accepted = 0;
let refused: WebhookError | undefined;
while (!refused) {
  try {
    await inbox.accept({
      receiver: "default",
      messageId: newMessageId(),
      timestamp: new Date(),
      rawBody: new Uint8Array(20_000),
    });
    accepted += 1;
  } catch (error) {
    refused = error as WebhookError;
  }
}
const { pending } = await inbox.counts();
await inbox.close();
console.log(JSON.stringify({ accepted, pending, code: refused.code, hint: refused.hint }));

import { createFetchHandler } from "@diffio-webhooks/core/fetch";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";

export const POST = createFetchHandler({
  inbox: sqliteInbox({ path: process.env["INBOX_PATH"] ?? "inbox.db" }),
  on: {
    "generation.completed": (event) => console.log(`kept ${event.generationId}`),
  },
});

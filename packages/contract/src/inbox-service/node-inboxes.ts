import { type Inbox, memoryInbox } from "@diffio-webhooks/core";
import { type PostgresInboxOptions, postgresInbox } from "@diffio-webhooks/inbox-postgres";

/** The inboxes that a service on Node can be started with, by name: from their options, as plain JSON. */
export const NODE_INBOXES = {
  memory: (options) => memoryInbox(options),
  postgres: (options: PostgresInboxOptions) => postgresInbox(options),
} satisfies Record<string, (options: never) => Inbox | Promise<Inbox>>;

import { type Inbox, memoryInbox } from "@diffio-webhooks/core";
import { redisInbox } from "@diffio-webhooks/inbox-redis";
import { type SqliteInboxOptions, sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { type PostgresInboxOptions, postgresInbox } from "@diffio-webhooks/inbox-postgres";

/** The inboxes that a service on Node can be started with, by name: from their options, as plain JSON. */
export const NODE_INBOXES = {
  memory: (options) => memoryInbox(options),
  redis: (options) => redisInbox(options),
  sqlite: (options: SqliteInboxOptions) => sqliteInbox(options),
  postgres: (options: PostgresInboxOptions) => postgresInbox(options),
} satisfies Record<string, (options: never) => Inbox | Promise<Inbox>>;

import { type Inbox, memoryInbox } from "@diffio-webhooks/core";
import { type DurableInboxOptions, createStoreInbox } from "@diffio-webhooks/core/inbox";
import { redisInbox } from "@diffio-webhooks/inbox-redis";
import { type SqliteInboxOptions, sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { type PostgresInboxOptions, postgresInbox } from "@diffio-webhooks/inbox-postgres";
import { memoryStore } from "../inboxes/memory-store.ts";
import { mutantInbox } from "./mutants.ts";

/** The inboxes that a service on Node can be started with, by name: from their options, as plain JSON. */
export const NODE_INBOXES = {
  memory: (options) => memoryInbox(options),
  redis: (options) => redisInbox(options),
  sqlite: (options: SqliteInboxOptions) => sqliteInbox(options),
  store: (options: DurableInboxOptions) =>
    createStoreInbox(memoryStore(Date.now, options.serialBy === "subject"), options),
  mutant: mutantInbox,
  postgres: (options: PostgresInboxOptions) => postgresInbox(options),
} satisfies Record<string, (options: never) => Inbox | Promise<Inbox>>;

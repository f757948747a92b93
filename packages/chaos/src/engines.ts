import type { InboxEngine } from "@diffio-webhooks/contract/inboxes";
import { memory } from "@diffio-webhooks/contract/inboxes/memory";
import { postgres } from "@diffio-webhooks/contract/inboxes/postgres";
import { postgresTransactional } from "@diffio-webhooks/contract/inboxes/postgres-transactional";
import { redis } from "@diffio-webhooks/contract/inboxes/redis";
import { sqlite } from "@diffio-webhooks/contract/inboxes/sqlite";

/** The engines of the campaigns, by the name that the command takes. The memory inbox is there to be seen to lose. */
export const ENGINES: Readonly<Record<string, InboxEngine>> = {
  memory,
  postgres,
  "postgres-transactional": postgresTransactional,
  redis,
  sqlite,
};

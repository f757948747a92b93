/**
 * Keeps accepted Diffio webhooks in PostgreSQL until they are handled, on pg-boss.
 *
 * @module
 */
export { postgresInbox } from "./lib/postgres-inbox.ts";
export type { PostgresInboxOptions } from "./lib/options.ts";
export type { ExistingBoss } from "./lib/boss-types.ts";
export type { ExistingPool, ExistingPoolClient } from "./lib/pool-types.ts";

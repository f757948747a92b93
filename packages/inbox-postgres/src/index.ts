/**
 * Keeps accepted Diffio webhooks in PostgreSQL until they are handled.
 *
 * @module
 */
export { postgresInbox } from "./lib/postgres-inbox.ts";
export type { PostgresInboxOptions } from "./lib/options.ts";
export type { ExistingPool, ExistingPoolClient } from "./lib/pool-types.ts";
export { transactionOf } from "./lib/transact.ts";

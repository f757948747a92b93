/**
 * A durable inbox in one SQLite file, on `node:sqlite`.
 *
 * @module
 */
export { sqliteInbox } from "./lib/sqlite-inbox.ts";
export type { SqliteInboxOptions } from "./lib/sqlite-inbox.ts";

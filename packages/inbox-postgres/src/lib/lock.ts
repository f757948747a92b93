import type { Database, Transaction } from "./database.ts";

/** Any number, so long as nothing else in the database locks by it. */
const LOCK = 7_734_346_001;

/** Does in a transaction what only one process may do at a time. */
export function withLock(
  database: Database,
  work: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  return database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    // What this connection has not found before, it takes to be absent still, although another process may have made
    // it while we waited. To read any table makes it forget that.
    await transaction.query("SELECT 1 FROM pg_catalog.pg_namespace LIMIT 1");
    await work(transaction);
  });
}

import type { Database } from "./database.ts";

const MAX_ROWS = 1000;

/** Deletes bodies and ids whose time is over, in steps, each a transaction of its own. */
export async function prune(
  database: Database,
  { keepIdsInDays, keepBodiesInDays }: { keepIdsInDays: number; keepBodiesInDays: number },
): Promise<void> {
  for (const [statement, days] of [
    [FORGET_IDS, keepIdsInDays],
    [FORGET_BODIES, keepBodiesInDays],
  ] as const) {
    let rows: unknown[];
    do {
      rows = await database.transaction(({ query }) => query(statement, [days]));
    } while (rows.length === MAX_ROWS);
  }
}

const FORGET_IDS = `
  DELETE FROM diffio_webhooks.messages
  WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM diffio_webhooks.messages
    WHERE state IN ('done', 'discarded', 'dead') AND at < now() - $1 * interval '1 day'
    LIMIT ${MAX_ROWS}
    FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1`;

const FORGET_BODIES = `
  UPDATE diffio_webhooks.messages
  SET body = NULL
  WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM diffio_webhooks.messages
    WHERE state IN ('done', 'discarded') AND body IS NOT NULL AND at < now() - $1 * interval '1 day'
    ORDER BY at
    LIMIT ${MAX_ROWS}
    FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1`;

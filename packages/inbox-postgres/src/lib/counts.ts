import type { InboxCounts } from "@diffio-webhooks/core";
import type { Database } from "./database.ts";

/** Counts the messages of all receivers. */
export async function counts(database: Database): Promise<InboxCounts> {
  const [row] = await database.transaction(({ query }) => query<Record<keyof InboxCounts, string>>(COUNTS));
  return {
    pending: Number(row?.pending ?? 0),
    running: Number(row?.running ?? 0),
    done: Number(row?.done ?? 0),
    dead: Number(row?.dead ?? 0),
    oldestPendingInSeconds: Number(row?.oldestPendingInSeconds ?? 0),
  };
}

const inState = (states: string): string =>
  `(SELECT count(*) FROM diffio_webhooks.messages WHERE state IN (${states}))::text`;

const COUNTS = `
  SELECT ${inState("'pending', 'replayed'")} AS pending, ${inState("'running'")} AS running,
         ${inState("'done'")} AS done, ${inState("'dead'")} AS dead,
         (SELECT coalesce(greatest(extract(epoch FROM now() - min(received_at)), 0), 0)
          FROM diffio_webhooks.messages WHERE state IN ('pending', 'replayed'))::text AS "oldestPendingInSeconds"`;

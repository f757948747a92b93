import type { InboxCounts } from "@diffio-webhooks/core";
import type { Database } from "./database.ts";

/** The kinds of statements that change counts: each has its own row for each owner, so that none waits for another. */
type Kind = "accept" | "claim" | "finish" | "renew" | "by hand";

/** How much more there is of each state, as SQL; what is left out stays. */
interface Changes {
  readonly pending?: string;
  readonly running?: string;
  readonly done?: string;
  readonly dead?: string;
}

/**
 * The part of a WITH clause that counts what the statement has changed.
 *
 * @param owner SQL for the owner that does it.
 * @param from what the numbers are of: a FROM clause.
 */
export function counted(kind: Kind, owner: string, changes: Changes, from: string): string {
  const { pending = "0", running = "0", done = "0", dead = "0" } = changes;
  return `counted AS (
    INSERT INTO diffio_webhooks.counts AS c (owner, kind, pending, running, done, dead)
    SELECT ${owner}, '${kind}', ${pending}, ${running}, ${done}, ${dead} ${from}
    ON CONFLICT (owner, kind) DO UPDATE
    SET pending = c.pending + excluded.pending, running = c.running + excluded.running,
        done = c.done + excluded.done, dead = c.dead + excluded.dead
  )`;
}

/** How many messages are in which state: as many rows are read as there are processes. */
export async function counts({ query }: Database): Promise<InboxCounts> {
  const [row] = await query<Record<string, string>>(COUNTS);
  const of = (name: string): number => Number(row?.[name] ?? 0);
  return {
    pending: of("pending"),
    running: of("running"),
    done: of("done"),
    dead: of("dead"),
    oldestPendingInSeconds: of("age"),
  };
}

const COUNTS = `
  SELECT coalesce(sum(pending), 0)::text AS pending, coalesce(sum(running), 0)::text AS running,
         coalesce(sum(done), 0)::text AS done, coalesce(sum(dead), 0)::text AS dead,
         (SELECT greatest(extract(epoch FROM now() - received_at), 0) FROM diffio_webhooks.messages
          WHERE state = 'pending' ORDER BY received_at LIMIT 1)::text AS age
  FROM diffio_webhooks.counts`;

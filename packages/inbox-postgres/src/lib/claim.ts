import type { ClaimedMessage, Lease } from "@diffio-webhooks/core/inbox";
import { counted } from "./counts.ts";
import type { Database } from "./database.ts";
import { MESSAGE_COLUMNS, type MessageRow, toMessage } from "./message-row.ts";
import { toStored } from "./text.ts";

const DIED_AS = [null, "alone", "beside"] as const;

/** Takes messages that are due; none that another process is just taking. */
export async function claim(
  { query }: Database,
  wanted: readonly { readonly receiver: string; readonly limit: number }[],
  lease: Lease,
  alone: boolean,
): Promise<readonly ClaimedMessage[] | null> {
  const rows = await query<
    MessageRow & { run: number; had_died: 0 | 1 | 2; body: Uint8Array; lives: boolean | null }
  >(alone ? CLAIM_ALONE : CLAIM, [
    wanted.map(({ receiver }) => toStored(receiver)),
    wanted.map(({ limit }) => limit),
    lease.owner,
    lease.claim,
  ]);
  if (rows[0]?.lives !== true) return null;
  return rows
    .filter(({ seq }) => (seq as string | null) !== null)
    .map((row) => ({
      ...toMessage(row),
      rawBody: row.body,
      run: row.run,
      died: DIED_AS[row.had_died],
    }));
}

const claiming = (besides: string): string => `
  WITH owner AS (
    SELECT EXISTS (SELECT FROM diffio_webhooks.owners WHERE id = $3::bigint) AS lives
  ), due AS MATERIALIZED (
    SELECT found.seq, found.died
    FROM unnest($1::text[], $2::int[]) AS w (receiver, places), LATERAL (
      SELECT seq, died FROM diffio_webhooks.messages
      WHERE state = 'pending' AND besides ${besides} AND receiver = w.receiver AND due_at <= now()
      ORDER BY due_at
      LIMIT w.places
      FOR UPDATE SKIP LOCKED
    ) AS found
    WHERE (SELECT lives FROM owner)
      AND NOT EXISTS (SELECT FROM diffio_webhooks.paused p WHERE p.receiver IN (w.receiver, ''))
  ), taken AS (
    UPDATE diffio_webhooks.messages m
    SET state = 'running', run = m.run + (due.died <> 1)::int, died = 0, due_at = NULL, since = NULL,
        owner = $3::bigint, claim = $4::bigint, started_at = now()
    FROM due WHERE m.seq = due.seq
    RETURNING ${MESSAGE_COLUMNS}, m.run, due.died AS had_died, m.body
  ), ${counted(
    "claim",
    "$3::bigint",
    { pending: "-count(*)", running: "count(*)" },
    "FROM taken HAVING count(*) > 0",
  )}
  SELECT taken.*, owner.lives FROM owner LEFT JOIN taken ON true`;

const CLAIM = claiming("< 2");
const CLAIM_ALONE = claiming(">= 2");

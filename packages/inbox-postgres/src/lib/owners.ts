import type { HeldRun, Owner } from "@diffio-webhooks/core/inbox";
import { counted } from "./counts.ts";
import type { Database } from "./database.ts";

/** Registers a process. */
export async function register({ query }: Database): Promise<number> {
  const [row] = await query<{ id: string }>(
    "INSERT INTO diffio_webhooks.owners (beat, beat_at) VALUES (0, now()) RETURNING id::text AS id",
  );
  return Number(row?.id);
}

const RELEASED =
  "state = 'pending', run = m.run - 1, due_at = now(), since = now(), owner = NULL, claim = NULL";
const MOVED_BACK = { pending: "count(*)", running: "-count(*)" };

/** Says that a process lives; releases what it does not hold. */
export async function renew(
  { query }: Database,
  owner: number,
  held: readonly HeldRun[],
  settledBefore: number,
): Promise<readonly HeldRun[] | null> {
  const [row] = await query<{ lives: boolean; lost: number[] }>(RENEW, [
    owner,
    held.map(({ seq }) => seq),
    held.map(({ claim }) => claim),
    settledBefore,
  ]);
  if (row?.lives !== true) return null;
  return held.filter((_one, index) => row.lost.includes(index + 1));
}

const RENEW = `
  WITH alive AS (
    UPDATE diffio_webhooks.owners SET beat = beat + 1, beat_at = now() WHERE id = $1::bigint RETURNING 1
  ), held AS (
    SELECT * FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS u (seq, claim, number)
  ), ours AS (
    SELECT seq, claim FROM diffio_webhooks.messages WHERE state = 'running' AND owner = $1::bigint
  ), freed AS (
    UPDATE diffio_webhooks.messages m SET ${RELEASED}
    WHERE m.state = 'running' AND m.owner = $1::bigint AND m.claim < $4::bigint
      AND NOT EXISTS (SELECT FROM held WHERE held.seq = m.seq AND held.claim = m.claim)
    RETURNING 1
  ), ${counted("renew", "$1::bigint", MOVED_BACK, "FROM freed HAVING count(*) > 0")}
  SELECT EXISTS (SELECT FROM alive) AS lives,
         ARRAY(SELECT number::int FROM held
               WHERE NOT EXISTS (SELECT FROM ours WHERE ours.seq = held.seq AND ours.claim = held.claim)) AS lost`;

/** Removes an owner that is dead, unless it has said meanwhile that it lives. */
export async function takeOver({ query }: Database, { id, beat }: Owner): Promise<void> {
  await query(TAKE_OVER, [id, beat]);
  await query(MERGE_COUNTS, [id]);
}

/** An owner without a row holds leases that were committed after it had been taken over. */
const TAKE_OVER = `
  WITH known AS (
    SELECT EXISTS (SELECT FROM diffio_webhooks.owners WHERE id = $1::bigint) AS is_known
  ), gone AS (
    DELETE FROM diffio_webhooks.owners WHERE id = $1::bigint AND beat = $2::bigint RETURNING 1
  ), may AS (
    SELECT EXISTS (SELECT FROM gone) OR NOT (SELECT is_known FROM known) AS take
  ), runs AS (
    SELECT count(*) = 1 AS alone FROM diffio_webhooks.messages WHERE state = 'running' AND owner = $1::bigint
  ), left_behind AS (
    UPDATE diffio_webhooks.messages m
    SET state = 'pending', due_at = now(), since = now(), owner = NULL, claim = NULL,
        died = CASE WHEN runs.alone THEN 1 ELSE 2 END, run = m.run - (NOT runs.alone)::int,
        besides = m.besides + (NOT runs.alone)::int
    FROM runs WHERE m.state = 'running' AND m.owner = $1::bigint AND (SELECT take FROM may)
    RETURNING 1
  ), ${counted("renew", "0", MOVED_BACK, "FROM left_behind HAVING count(*) > 0")}
  SELECT 1`;

/** Removes an owner that ends. */
export async function leave({ query }: Database, owner: number): Promise<void> {
  await query(LEAVE, [owner]);
  await query(MERGE_COUNTS, [owner]);
}

const LEAVE = `
  WITH gone AS (
    DELETE FROM diffio_webhooks.owners WHERE id = $1::bigint
  ), freed AS (
    UPDATE diffio_webhooks.messages m SET ${RELEASED} WHERE m.state = 'running' AND m.owner = $1::bigint RETURNING 1
  ), ${counted("renew", "0", MOVED_BACK, "FROM freed HAVING count(*) > 0")}
  SELECT 1`;

/** What a process has counted stays counted, in one row for all that are gone. */
const MERGE_COUNTS = `
  WITH gone AS (
    DELETE FROM diffio_webhooks.counts WHERE owner = $1::bigint AND owner <> 0 RETURNING *
  )
  INSERT INTO diffio_webhooks.counts AS c (owner, kind, pending, running, done, dead)
  SELECT 0, 'all', sum(pending), sum(running), sum(done), sum(dead) FROM gone HAVING count(*) > 0
  ON CONFLICT (owner, kind) DO UPDATE
  SET pending = c.pending + excluded.pending, running = c.running + excluded.running,
      done = c.done + excluded.done, dead = c.dead + excluded.dead`;

import type { PruneProgress } from "@diffio-webhooks/core/inbox";
import { counted } from "./counts.ts";
import type { Database } from "./database.ts";

/** Rows a step, each of which is a transaction of its own. */
const ROWS = 1000;

/** Deletes in steps: ids from the oldest message on, then bodies. */
export async function prune(
  { query }: Database,
  { idsInMs, bodiesInMs }: { readonly idsInMs: number; readonly bodiesInMs: number },
  from: PruneProgress | null,
): Promise<PruneProgress | null> {
  const [step = "ids", after = 0] = from ?? [];
  if (step === "bodies") {
    return (await query(FORGET_BODIES, [bodiesInMs])).length === ROWS ? ["bodies"] : null;
  }
  if (!from) await query("DELETE FROM diffio_webhooks.owners WHERE beat_at < now() - interval '1 day'");
  const [row] = await query<{ seen: string; last: string | null }>(FORGET_IDS, [idsInMs, after]);
  return Number(row?.seen) === ROWS && row?.last ? ["ids", row.last] : ["bodies"];
}

/**
 * Rows are in the order in which they were received, and none ended before that: so the walk is over at the first one
 * received too late.
 */
const FORGET_IDS = `
  WITH oldest AS MATERIALIZED (
    SELECT seq, state, ended_at FROM diffio_webhooks.messages
    WHERE seq > $2::bigint AND received_at < now() - $1 * interval '1 millisecond'
      AND seq <= (SELECT max(seq) FROM (SELECT seq FROM diffio_webhooks.messages WHERE seq > $2::bigint ORDER BY seq
                                        LIMIT ${ROWS}) AS page)
    ORDER BY seq
  ), forgotten AS (
    DELETE FROM diffio_webhooks.messages m USING oldest
    WHERE m.seq = oldest.seq AND m.state || '' IN ('done', 'discarded', 'dead')
      AND m.ended_at < now() - $1 * interval '1 millisecond'
    RETURNING m.state
  ), ${counted(
    "by hand",
    "0",
    {
      done: "-count(*) FILTER (WHERE state = 'done')",
      dead: "-count(*) FILTER (WHERE state = 'dead')",
    },
    "FROM forgotten HAVING count(*) > 0",
  )}
  SELECT (SELECT count(*) FROM oldest)::text AS seen, (SELECT max(seq) FROM oldest)::text AS last`;

const FORGET_BODIES = `
  UPDATE diffio_webhooks.messages
  SET body = NULL
  WHERE seq = ANY (ARRAY(
    SELECT seq FROM diffio_webhooks.messages
    WHERE state IN ('done', 'discarded') AND body IS NOT NULL AND ended_at < now() - $1 * interval '1 millisecond'
    ORDER BY ended_at
    LIMIT ${ROWS}
    FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1`;

import type { EndedRun } from "@diffio-webhooks/core/inbox";
import { counted } from "./counts.ts";
import type { Transaction } from "./database.ts";
import { toStored } from "./text.ts";

/** Writes down how runs ended, of those whose lease still stands. */
export async function finish(
  { query }: Transaction,
  ended: readonly EndedRun[],
): Promise<readonly boolean[]> {
  const rows = await query<{ number: number }>(FINISH, finishValues(ended));
  const held = new Set(rows.map(({ number }) => number));
  return ended.map((_one, index) => held.has(index));
}

export function finishValues(ended: readonly EndedRun[]): unknown[] {
  const failures = ended.map(({ ending }) => ("error" in ending ? ending : undefined));
  const text = (value: string | null | undefined): string | null =>
    typeof value === "string" ? toStored(value) : null;
  return [
    ended.map((_one, index) => index),
    ended.map(({ seq }) => seq),
    ended.map(({ lease }) => lease.owner),
    ended.map(({ lease }) => lease.claim),
    ended.map(({ ending }) => ending.to),
    ended.map(({ ending }) => (ending.to === "pending" ? ending.delayInMs : 0)),
    failures.map((failure) => failure?.reason ?? null),
    failures.map((failure) => text(failure?.error.name)),
    failures.map((failure) => text(failure?.error.message)),
    failures.map((failure) => text(failure?.error.stack)),
  ];
}

export const FINISH: string = `
  WITH e AS MATERIALIZED (
    SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::float8[], $7::text[],
                         $8::text[], $9::text[], $10::text[])
      AS u (number, seq, owner, claim, ending, delay, reason, error_name, error, error_stack)
    ORDER BY seq
  ), ended AS (
    UPDATE diffio_webhooks.messages m
    SET state = CASE e.ending WHEN 'released' THEN 'pending' ELSE e.ending END, owner = NULL, claim = NULL,
        run = m.run - (e.ending = 'released')::int,
        due_at = CASE WHEN e.ending IN ('pending', 'released') THEN now() + e.delay * interval '1 millisecond' END,
        since = CASE WHEN e.ending IN ('pending', 'released') THEN now() END,
        ended_at = CASE WHEN e.ending IN ('done', 'dead') THEN date_trunc('milliseconds', now()) END,
        besides = CASE WHEN e.ending IN ('done', 'dead') THEN 0 ELSE m.besides END,
        reason = CASE e.ending WHEN 'released' THEN m.reason ELSE e.reason END,
        error_name = CASE e.ending WHEN 'released' THEN m.error_name ELSE e.error_name END,
        error = CASE e.ending WHEN 'released' THEN m.error ELSE e.error END,
        error_stack = CASE e.ending WHEN 'released' THEN m.error_stack ELSE e.error_stack END
    FROM e
    WHERE m.seq = e.seq AND m.owner = e.owner AND m.claim = e.claim AND m.state || '' = 'running'
    RETURNING e.number, e.owner, m.state
  ), ${counted(
    "finish",
    "owner",
    {
      pending: "count(*) FILTER (WHERE state = 'pending')",
      running: "-count(*)",
      done: "count(*) FILTER (WHERE state = 'done')",
      dead: "count(*) FILTER (WHERE state = 'dead')",
    },
    "FROM ended GROUP BY owner",
  )}
  SELECT number FROM ended`;

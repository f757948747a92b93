import type { Outlook } from "@diffio-webhooks/core/inbox";
import type { Database } from "./database.ts";
import { fromStored, toStored } from "./text.ts";

/** What the statement makes of {@link Outlook}: in JSON, whatever the app has its driver make of arrays and numbers. */
type OutlookJson = Omit<Outlook, "paused"> & { readonly paused: readonly string[] };

/** Looks, at the cost of a few index probes, what there is to do. */
export async function look(
  { query }: Database,
  receivers: readonly string[],
  owner: number | null,
): Promise<Outlook> {
  const [row] = await query<{ outlook: string }>(LOOK, [receivers.map(toStored), owner]);
  const { due, dueAlone, paused, ...outlook } = JSON.parse(row?.outlook ?? "") as OutlookJson;
  return {
    ...outlook,
    due: due.map(fromStored),
    dueAlone: dueAlone.map(fromStored),
    paused: paused.map((name) => (name === "" ? null : fromStored(name))),
  };
}

const due = (besides: string): string => `ARRAY(
  SELECT r.name FROM unnest($1::text[]) AS r (name)
  WHERE EXISTS (SELECT FROM diffio_webhooks.messages m WHERE m.state = 'pending' AND m.besides ${besides}
                  AND m.receiver = r.name AND m.due_at <= now()))`;
const nextDue = (besides: string): string => `
  SELECT m.due_at FROM unnest($1::text[]) AS r (name), LATERAL (
    SELECT due_at FROM diffio_webhooks.messages
    WHERE state = 'pending' AND besides ${besides} AND receiver = r.name AND due_at > now()
    ORDER BY due_at LIMIT 1
  ) AS m`;

const LOOK = `
  SELECT json_build_object(
    'now', floor(extract(epoch FROM clock_timestamp()) * 1000),
    'due', ${due("< 2")},
    'dueAlone', ${due(">= 2")},
    'nextDueInMs', (SELECT ceil(extract(epoch FROM min(due_at) - now()) * 1000)
                    FROM (${nextDue("< 2")} UNION ALL ${nextDue(">= 2")}) AS next),
    'owners', coalesce(
      (SELECT json_agg(json_build_object('id', running.owner, 'beat', coalesce(o.beat, 0), 'gone', o.id IS NULL))
       FROM (SELECT DISTINCT owner FROM diffio_webhooks.messages WHERE state = 'running') AS running
       LEFT JOIN diffio_webhooks.owners o ON o.id = running.owner
       WHERE running.owner IS DISTINCT FROM $2::bigint), '[]'),
    'hasOthers', EXISTS (SELECT FROM diffio_webhooks.owners WHERE id IS DISTINCT FROM $2::bigint),
    'paused', ARRAY(SELECT receiver FROM diffio_webhooks.paused)
  )::text AS outlook`;

/** Whether a message of this receiver is pending or running. */
export async function isActive({ query }: Database, receiver: string): Promise<boolean> {
  const [row] = await query<{ found: boolean }>(IS_ACTIVE, [toStored(receiver)]);
  return row?.found === true;
}

const IS_ACTIVE = `
  SELECT EXISTS (SELECT FROM diffio_webhooks.messages WHERE state = 'pending' AND besides < 2 AND receiver = $1)
      OR EXISTS (SELECT FROM diffio_webhooks.messages WHERE state = 'pending' AND besides >= 2 AND receiver = $1)
      OR EXISTS (SELECT FROM diffio_webhooks.messages WHERE state = 'running' AND receiver = $1) AS found`;

/** The server's clock has been set back. */
export async function clockSetBack({ query }: Database, byMs: number): Promise<void> {
  await query(SET_BACK, [byMs]);
}

const SET_BACK = `
  UPDATE diffio_webhooks.messages
  SET due_at = due_at - (since - now()), since = now(),
      received_at = CASE WHEN received_at > now() THEN least(received_at - $1 * interval '1 millisecond', now())
                         ELSE received_at END
  WHERE state = 'pending' AND since > now()`;

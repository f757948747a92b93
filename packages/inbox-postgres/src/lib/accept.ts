import type { Arrival, Lease, Stored } from "@diffio-webhooks/core/inbox";
import { counted } from "./counts.ts";
import type { Transaction } from "./database.ts";
import { toStored } from "./text.ts";

/** The order in which rows are taken by their keys: the same in all transactions, so that none waits in a ring. */
const IN_LOCK_ORDER = `ORDER BY message_id COLLATE "C", receiver COLLATE "C"`;

interface Row {
  readonly number: number;
  readonly seq: string | null;
  readonly state: string | null;
  readonly known_seq: string | null;
  readonly same: boolean | null;
}

/** Stores what is not known, or dead. */
export async function accept(
  { query }: Transaction,
  arrivals: readonly Arrival[],
  lease: Lease | null,
  isSerial: boolean,
): Promise<readonly Stored[]> {
  const rows = await query<Row>(ACCEPT, [...valuesOf(arrivals, lease), isSerial]);
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  return arrivals.map((_arrival, index): Stored => {
    const row = byNumber.get(index);
    const duplicate = row?.seq === undefined || row.seq === null;
    return {
      duplicate,
      sameBody: duplicate ? (row?.same ?? null) : null,
      seq: Number(row?.seq ?? row?.known_seq ?? 0),
      started: row?.state === "running",
    };
  });
}

/** A dead message that comes again is as good as new, unless it is still invalid; one in any other state stays. */
const ACCEPT = `
  WITH d AS MATERIALIZED (
    SELECT number, receiver, message_id, signed_at, event_type, subject, secret_name, invalid,
           substring($1::bytea FROM first_byte FOR bytes) AS body,
           CASE WHEN invalid IS NOT NULL THEN 'dead'
                WHEN start AND $12::bigint IS NOT NULL AND NOT ($15 AND subject IS NOT NULL)
                     AND NOT EXISTS (SELECT FROM diffio_webhooks.paused p WHERE p.receiver IN (u.receiver, ''))
                THEN 'running' ELSE 'pending' END AS state,
           $15::boolean AND subject IS NOT NULL AS waits
    FROM unnest($2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::int[],
                $10::int[], $11::boolean[], $14::text[])
      AS u (number, receiver, message_id, signed_at, event_type, subject, secret_name, first_byte, bytes, start, invalid)
  ), stored AS (
    INSERT INTO diffio_webhooks.messages AS m
      (receiver, message_id, state, run, due_at, since, owner, claim, received_at, started_at, signed_at, event_type,
       subject, secret_name, body, ended_at, reason, error_name, error)
    SELECT receiver, message_id, state, (state = 'running')::int,
           CASE WHEN state = 'pending' AND NOT waits THEN now() END,
           CASE WHEN state = 'pending' AND NOT waits THEN now() END,
           CASE state WHEN 'running' THEN $12::bigint END, CASE state WHEN 'running' THEN $13::bigint END,
           now(), CASE state WHEN 'running' THEN now() END, signed_at, event_type, subject, secret_name, body,
           CASE state WHEN 'dead' THEN date_trunc('milliseconds', now()) END, CASE state WHEN 'dead' THEN 'invalid_payload' END,
           CASE state WHEN 'dead' THEN 'WebhookError' END, invalid
    FROM d ${IN_LOCK_ORDER}
    ON CONFLICT (message_id, receiver) DO UPDATE
    SET seq = excluded.seq, state = excluded.state, run = excluded.run, due_at = excluded.due_at, since = excluded.since,
        owner = excluded.owner, claim = excluded.claim, received_at = excluded.received_at,
        started_at = excluded.started_at, signed_at = excluded.signed_at, event_type = excluded.event_type,
        subject = excluded.subject, secret_name = excluded.secret_name, body = excluded.body, ended_at = NULL,
        reason = NULL, error_name = NULL, error = NULL, error_stack = NULL, died = 0, besides = 0
    WHERE m.state = 'dead' AND excluded.state <> 'dead'
    RETURNING m.seq, m.receiver, m.message_id, m.state, m.xmax <> 0 AS was_dead
  ), ${counted(
    "accept",
    "coalesce($12::bigint, 0)",
    {
      pending: "count(*) FILTER (WHERE state = 'pending')",
      running: "count(*) FILTER (WHERE state = 'running')",
      dead: "count(*) FILTER (WHERE state = 'dead') - count(*) FILTER (WHERE was_dead)",
    },
    "FROM stored HAVING count(*) > 0",
  )}
  SELECT d.number, stored.seq::text AS seq, stored.state, known.seq::text AS known_seq, known.body = d.body AS same
  FROM d LEFT JOIN stored USING (receiver, message_id)
       LEFT JOIN diffio_webhooks.messages known
         ON stored.seq IS NULL AND known.message_id = d.message_id AND known.receiver = d.receiver`;

/** All bodies go as one value, which the driver sends as it is: an array of them would go as text, twice as long. */
function valuesOf(arrivals: readonly Arrival[], lease: Lease | null): unknown[] {
  let next = 1;
  const firstBytes = arrivals.map(({ rawBody }) => {
    const first = next;
    next += rawBody.byteLength;
    return first;
  });
  const texts = (of: (arrival: Arrival) => string | null): (string | null)[] =>
    arrivals.map((arrival) => {
      const text = of(arrival);
      return text === null ? null : toStored(text);
    });
  return [
    Buffer.concat(arrivals.map(({ rawBody }) => rawBody)),
    arrivals.map((_arrival, index) => index),
    texts(({ receiver }) => receiver),
    arrivals.map(({ messageId }) => messageId),
    arrivals.map(({ timestamp }) => new Date(timestamp).toISOString()),
    texts(({ eventType }) => eventType),
    texts(({ subject }) => subject),
    texts(({ secretName }) => secretName),
    firstBytes,
    arrivals.map(({ rawBody }) => rawBody.byteLength),
    arrivals.map(({ start }) => start),
    lease?.owner ?? null,
    lease?.claim ?? null,
    texts(({ invalid }) => invalid),
  ];
}

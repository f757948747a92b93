import type {
  DeadFilter,
  DeadPlace,
  MessageFilter,
  MessageRecord,
  StoredMessage,
} from "@diffio-webhooks/core/inbox";
import { counted } from "./counts.ts";
import type { Database } from "./database.ts";
import { RECORD_COLUMNS, type RecordRow, milliseconds, toRecord, requeued } from "./message-row.ts";
import { toStored } from "./text.ts";

/** Messages that fit, newest first. */
export async function list(
  { query }: Database,
  filter: MessageFilter,
  limit: number,
  after: number | null,
): Promise<readonly MessageRecord[]> {
  const text = (value: string | null): string | null => (value === null ? null : toStored(value));
  const values: unknown[] = [];
  const term = (sql: (value: string) => string, value: unknown): string[] => {
    if (value === null) return [];
    values.push(value);
    return [sql(`$${values.length}`)];
  };
  const terms = [
    // Written out, so that the indexes of some states are used.
    ...(filter.state === null ? [] : [`m.state = '${filter.state}'`]),
    ...term((value) => `m.message_id = ${value}`, filter.messageId),
    ...term((value) => `m.receiver = ${value}`, text(filter.receiver)),
    ...term(
      (value) => `left(m.subject, 200) = left(${value}, 200) AND m.subject = ${value}`,
      text(filter.subject),
    ),
    ...term(
      (value) => `left(m.event_type, 200) = left(${value}, 200) AND m.event_type = ${value}`,
      text(filter.eventType),
    ),
    ...term((value) => `m.received_at >= to_timestamp(${value}::float8 / 1000)`, filter.since),
    ...term((value) => `m.received_at < to_timestamp(${value}::float8 / 1000)`, filter.until),
    ...term((value) => `m.seq < ${value}`, after),
  ];
  const where = terms.length === 0 ? "" : `WHERE ${terms.join(" AND ")}`;
  const rows = await query<RecordRow>(
    `SELECT ${RECORD_COLUMNS} FROM diffio_webhooks.messages m ${where} ORDER BY m.seq DESC LIMIT ${limit}`,
    values,
  );
  return rows.map(toRecord);
}

export async function bodyOf({ query }: Database, seq: number): Promise<Uint8Array | null> {
  const [row] = await query<{ body: Uint8Array | null }>(
    "SELECT body FROM diffio_webhooks.messages WHERE seq = $1",
    [seq],
  );
  return row?.body ?? null;
}

/** Counts for changes by hand, of a state `before` and one `after`. */
const byHand = (from: string): string => {
  const change = (state: string): string =>
    `count(*) FILTER (WHERE after = '${state}') - count(*) FILTER (WHERE before = '${state}')`;
  return counted(
    "by hand",
    "0",
    { pending: change("pending"), running: change("running"), done: change("done"), dead: change("dead") },
    `FROM ${from} HAVING count(*) > 0`,
  );
};

export async function requeue({ query }: Database, seq: number, isSerial: boolean): Promise<boolean> {
  return (await query(REQUEUE_ONE, [seq, isSerial])).length > 0;
}

const REQUEUE_ONE = `
  WITH found AS (
    SELECT seq, state AS before FROM diffio_webhooks.messages WHERE seq = $1 AND body IS NOT NULL FOR UPDATE
  ), queued AS (
    UPDATE diffio_webhooks.messages m SET ${requeued("$2")} FROM found WHERE m.seq = found.seq AND found.before <> 'running'
    RETURNING found.before, m.state AS after
  ), ${byHand("queued")}
  SELECT 1 FROM found`;

export async function remove({ query }: Database, seq: number): Promise<boolean> {
  return (await query(REMOVE, [seq])).length > 0;
}

const REMOVE = `
  WITH found AS (
    SELECT seq, state AS before FROM diffio_webhooks.messages WHERE seq = $1 FOR UPDATE
  ), removed AS (
    UPDATE diffio_webhooks.messages m
    SET state = 'discarded', body = NULL, due_at = NULL, since = NULL, owner = NULL, claim = NULL, ended_at = date_trunc('milliseconds', now()),
        error = NULL, error_stack = NULL
    FROM found WHERE m.seq = found.seq
    RETURNING found.before, m.state AS after
  ), ${byHand("removed")}
  SELECT 1 FROM found`;

export async function listDead(
  { query }: Database,
  limit: number,
  after: DeadPlace | null,
): Promise<readonly (MessageRecord & StoredMessage)[]> {
  const rows = await query<RecordRow & { body: Uint8Array }>(LIST_DEAD, [
    limit,
    after?.diedAt ?? null,
    after?.seq ?? null,
  ]);
  return rows.map((row) => ({ ...toRecord(row), rawBody: row.body }));
}

const AT = (value: string): string => `to_timestamp(${value}::float8 / 1000)`;

const LIST_DEAD = `
  SELECT ${RECORD_COLUMNS}, m.body FROM diffio_webhooks.messages m
  WHERE m.state = 'dead' AND ($2::float8 IS NULL OR (m.ended_at, m.seq) < (${AT("$2")}, $3::bigint))
  ORDER BY m.ended_at DESC, m.seq DESC
  LIMIT $1`;

export async function replay(
  { query }: Database,
  { diedAt, seq }: DeadPlace,
  isSerial: boolean,
): Promise<boolean> {
  return (await query(REPLAY, [seq, diedAt, isSerial])).length > 0;
}

const endDead = (set: string): string => `
  WITH ended AS (
    UPDATE diffio_webhooks.messages SET ${set}
    WHERE seq = $1 AND state = 'dead' AND ${milliseconds("ended_at")} = $2::bigint::text
    RETURNING 'dead' AS before, state AS after
  ), ${byHand("ended")}
  SELECT 1 FROM ended`;

const REPLAY = endDead(requeued("$3"));
const DISCARD = endDead("state = 'discarded', ended_at = date_trunc('milliseconds', now())");

export async function discard({ query }: Database, { diedAt, seq }: DeadPlace): Promise<boolean> {
  return (await query(DISCARD, [seq, diedAt])).length > 0;
}

const FITS = `state = 'dead' AND ($1::text IS NULL OR event_type = $1) AND ($2::text IS NULL OR reason = $2)
  AND ($3::float8 IS NULL OR ended_at >= ${AT("$3")}) AND ($4::float8 IS NULL OR ended_at < ${AT("$4")})`;

function fitValues({ eventType, reason, since, until }: DeadFilter): unknown[] {
  return [eventType === null ? null : toStored(eventType), reason, since, until];
}

export async function countDead(
  { query }: Database,
  filter: DeadFilter,
): Promise<{ readonly total: number; readonly newest: DeadPlace | null }> {
  const [row] = await query<{ total: string; died_at: string | null; seq: string | null }>(
    COUNT_DEAD,
    fitValues(filter),
  );
  const { total = "0", died_at: diedAt = null, seq = null } = row ?? {};
  return {
    total: Number(total),
    newest: diedAt === null || seq === null ? null : { diedAt: Number(diedAt), seq: Number(seq) },
  };
}

const COUNT_DEAD = `
  SELECT (SELECT count(*) FROM diffio_webhooks.messages WHERE ${FITS})::text AS total, newest.died_at, newest.seq
  FROM (SELECT 1) AS one LEFT JOIN LATERAL (
    SELECT ${milliseconds("ended_at")} AS died_at, seq::text AS seq FROM diffio_webhooks.messages WHERE ${FITS}
    ORDER BY ended_at DESC, seq DESC LIMIT 1) AS newest ON true`;

export async function replayOldest(
  { query }: Database,
  filter: DeadFilter,
  { diedAt, seq }: DeadPlace,
  limit: number,
  isSerial: boolean,
): Promise<readonly number[]> {
  const values = [...fitValues(filter), diedAt, seq, limit, isSerial];
  return (await query<{ seq: string }>(REPLAY_OLDEST, values)).map((row) => Number(row.seq));
}

const REPLAY_OLDEST = `
  WITH oldest AS (
    SELECT seq FROM diffio_webhooks.messages
    WHERE ${FITS} AND (ended_at, seq) <= (${AT("$5")}, $6::bigint)
    ORDER BY ended_at, seq LIMIT $7
    FOR UPDATE
  ), queued AS (
    UPDATE diffio_webhooks.messages m SET ${requeued("$8")} FROM oldest WHERE m.seq = oldest.seq
    RETURNING m.seq, 'dead' AS before, m.state AS after
  ), ${byHand("queued")}
  SELECT seq::text AS seq FROM queued`;

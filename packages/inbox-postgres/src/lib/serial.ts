import type { Arrival } from "@diffio-webhooks/core/inbox";
import type { Database, Transaction } from "./database.ts";
import { toStored } from "./text.ts";

/** Messages, by what they are about, as they are stored. */
export interface Subjects {
  readonly receivers: readonly string[];
  readonly subjects: readonly string[];
}

/**
 * Does something with messages of some subjects, while nobody else does, and then lets the earliest of each subject go that
 * waits, unless another one of it is due or running.
 */
export function inOrder<Result>(
  database: Database,
  find: (transaction: Transaction) => Promise<Subjects>,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  return database.transaction(async (transaction) => {
    const { receivers, subjects } = await find(transaction);
    await transaction.query(LOCK, [receivers, subjects]);
    const result = await work(transaction);
    await transaction.query(LET_NEXT, [receivers, subjects]);
    return result;
  });
}

/** What messages that arrive are about. */
export function subjectsOfArrivals(arrivals: readonly Arrival[]): Subjects {
  const about = arrivals.filter(({ subject }) => subject !== null);
  return {
    receivers: about.map(({ receiver }) => toStored(receiver)),
    subjects: about.map(({ subject }) => toStored(subject ?? "")),
  };
}

/** By number: what messages are about. */
export async function subjectsOf({ query }: Transaction, seqs: readonly number[]): Promise<Subjects> {
  const rows = await query<{ receiver: string; subject: string }>(
    "SELECT receiver, subject FROM diffio_webhooks.messages WHERE seq = ANY ($1::bigint[]) AND subject IS NOT NULL",
    [seqs],
  );
  return { receivers: rows.map(({ receiver }) => receiver), subjects: rows.map(({ subject }) => subject) };
}

/** Lets go what waits for nothing: the option has been changed. */
export async function repair(database: Database, isSerial: boolean): Promise<void> {
  if (!isSerial) {
    await database.query(LET_ALL_GO);
    return;
  }
  await inOrder(
    database,
    async ({ query }) => {
      const rows = await query<{ receiver: string; subject: string }>(WAITING);
      return {
        receivers: rows.map(({ receiver }) => receiver),
        subjects: rows.map(({ subject }) => subject),
      };
    },
    async () => {},
  );
}

/** In one order, so that none waits in a ring. */
const LOCK = `
  SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(receiver || ' ' || subject, 7734346) AS key
    FROM unnest($1::text[], $2::text[]) AS u (receiver, subject) ORDER BY key
  ) AS keys`;

const SAME = `m.receiver = s.receiver AND left(m.subject, 200) = left(s.subject, 200) AND m.subject = s.subject
  AND m.state IN ('pending', 'running')`;

const LET_NEXT = `
  UPDATE diffio_webhooks.messages SET due_at = now(), since = now()
  WHERE seq IN (
    SELECT (SELECT min(m.seq) FROM diffio_webhooks.messages m WHERE ${SAME} AND m.state = 'pending' AND m.due_at IS NULL)
    FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS u (receiver, subject)) AS s
    WHERE NOT EXISTS (SELECT FROM diffio_webhooks.messages m WHERE ${SAME}
                        AND (m.state = 'running' OR m.due_at IS NOT NULL))
  )`;

const WAITING = `
  SELECT DISTINCT receiver, subject FROM diffio_webhooks.messages
  WHERE state = 'pending' AND due_at IS NULL AND subject IS NOT NULL`;

const LET_ALL_GO = `
  UPDATE diffio_webhooks.messages SET due_at = now(), since = now() WHERE state = 'pending' AND due_at IS NULL`;

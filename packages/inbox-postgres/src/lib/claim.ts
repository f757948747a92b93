import type { AcceptedMessage } from "@diffio-webhooks/core";
import type { Queues } from "./connection.ts";
import type { LocalMessages } from "./local-messages.ts";
import { IN_LOCK_ORDER, MESSAGE_COLUMNS, type MessageRow, isInState, toMessage } from "./message-row.ts";
import { toStored } from "./text.ts";

/** A run that is ours until its lease ends. */
export interface Claimed {
  readonly jobId: string;
  readonly message: AcceptedMessage;
  readonly run: number;
}

/** What {@link claim} found. */
export interface Claim {
  readonly runs: readonly Claimed[];
  /** Whether as many jobs were there as were asked for: there may be more. */
  readonly full: boolean;
}

/** Takes jobs that are due, and the messages they call for, in one transaction. */
export async function claim(
  { database, boss, queuesOf }: Queues,
  receiver: string,
  { limit, leaseInSeconds, local }: { limit: number; leaseInSeconds: number; local: LocalMessages },
): Promise<Claim> {
  const queue = (await queuesOf([{ receiver }])).get(receiver) ?? "";
  return database.transaction(async ({ query, db }) => {
    const jobs = await boss.fetch(queue, { batchSize: limit, db });
    if (jobs.length === 0) return { runs: [], full: false };
    const ids = jobs.map(({ id }) => id);
    const here = new Map(ids.map((id) => [id, local.take(id)]));
    const rows = await query<MessageRow>(CLAIM, [
      toStored(receiver),
      // Anybody can send jobs to this queue.
      jobs.map(({ data }) => (data as { messageId?: unknown } | null)?.messageId),
      ids,
      ids.map((id) => here.get(id) !== undefined),
      leaseInSeconds,
    ]);
    const found = new Set(rows.map((row) => row.job_id));
    // Jobs of messages that were given up, pruned, or called for by a later job.
    const stale = ids.filter((id) => !found.has(id));
    if (stale.length > 0) await boss.deleteJob(queue, stale, { db });
    const runs = rows.map((row) => ({
      jobId: row.job_id,
      message: here.get(row.job_id) ?? toMessage(row),
      run: row.run,
    }));
    return { runs, full: jobs.length === limit };
  });
}

/** A body that is here already need not be sent. */
const CLAIM = `
  UPDATE diffio_webhooks.messages m
  SET state = 'running', at = now() + $5 * interval '1 second'
  FROM (SELECT * FROM (SELECT $1::text) AS r (receiver),
               unnest($2::text[], $3::uuid[], $4::boolean[]) AS u (message_id, job_id, is_here)
        ${IN_LOCK_ORDER}) AS j
  WHERE m.receiver = j.receiver AND m.message_id = j.message_id AND m.job_id = j.job_id AND ${isInState("pending")}
  RETURNING ${MESSAGE_COLUMNS}, CASE WHEN NOT j.is_here THEN m.body END AS body`;

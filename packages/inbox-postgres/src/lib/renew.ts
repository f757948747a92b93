import type { Database } from "./database.ts";
import { IN_LOCK_ORDER, isInState } from "./message-row.ts";
import { toStored } from "./text.ts";

/** A run that goes on here. */
export interface LeasedRun {
  readonly receiver: string;
  readonly messageId: string;
  readonly jobId: string;
}

/** Renews the leases of runs; resolves with the job ids of those that are still ours. */
export async function renew(
  database: Database,
  runs: readonly LeasedRun[],
  leaseInSeconds: number,
): Promise<ReadonlySet<string>> {
  const rows = await database.transaction(({ query }) =>
    query<{ job_id: string }>(RENEW, [
      runs.map(({ receiver }) => toStored(receiver)),
      runs.map(({ messageId }) => messageId),
      runs.map(({ jobId }) => jobId),
      leaseInSeconds,
    ]),
  );
  return new Set(rows.map((row) => row.job_id));
}

const RENEW = `
  UPDATE diffio_webhooks.messages m
  SET at = now() + $4 * interval '1 second'
  FROM (SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[]) AS u (receiver, message_id, job_id)
        ${IN_LOCK_ORDER}) AS r
  WHERE m.receiver = r.receiver AND m.message_id = r.message_id AND m.job_id = r.job_id AND ${isInState("running")}
  RETURNING m.job_id`;

import { randomUUID } from "node:crypto";
import type { FailureReason } from "@diffio-webhooks/core";
import { errorText } from "@diffio-webhooks/core/inbox";
import type { BossJob, ExistingBoss } from "./boss-types.ts";
import type { Transaction } from "./database.ts";
import { IN_LOCK_ORDER, isInState } from "./message-row.ts";
import { toStored } from "./text.ts";

/** What becomes of a message when a run of it is over. */
export type Ending =
  | { readonly next: "done" }
  | { readonly next: "dead"; readonly reason: FailureReason; readonly error: unknown }
  | {
      readonly next: "pending";
      readonly delayInSeconds: number;
      /** Whether the run is counted: not where it was given up by its process, which closes. */
      readonly counts: boolean;
    };

/** A run that is over. */
export interface EndedRun {
  readonly receiver: string;
  readonly messageId: string;
  readonly jobId: string;
  readonly ending: Ending;
}

/**
 * Writes down how runs ended, with their jobs done with and those of further runs made, in the transaction given. A
 * run whose lease has passed on changes nothing.
 */
export async function endRuns(
  { query, db }: Transaction,
  ended: readonly EndedRun[],
  { boss, queues }: { boss: ExistingBoss; queues: ReadonlyMap<string, string> },
): Promise<void> {
  const nextJobs = ended.map(({ ending }) => (ending.next === "pending" ? randomUUID() : null));
  const endings = ended.map(({ ending }) => ending);
  const rows = await query<{ job_id: string }>(END, [
    ended.map(({ receiver }) => toStored(receiver)),
    ended.map(({ messageId }) => messageId),
    ended.map(({ jobId }) => jobId),
    endings.map(({ next }) => next),
    endings.map((ending) => (ending.next === "pending" ? ending.delayInSeconds : 0)),
    endings.map((ending) => (ending.next === "pending" && ending.counts ? 1 : 0)),
    nextJobs,
    endings.map((ending) => (ending.next === "dead" ? ending.reason : null)),
    endings.map((ending) => (ending.next === "dead" ? toStored(errorText(ending.error)) : null)),
  ]);
  const held = new Set(rows.map((row) => row.job_id));
  for (const [receiver, queue] of queues) {
    const over: string[] = [];
    const next: BossJob[] = [];
    for (const [index, { jobId, messageId, ending, ...run }] of ended.entries()) {
      if (run.receiver !== receiver || !held.has(jobId)) continue;
      over.push(jobId);
      const id = nextJobs[index];
      if (ending.next === "pending" && id)
        next.push({ id, data: { messageId }, startAfter: ending.delayInSeconds });
    }
    if (over.length > 0) await boss.deleteJob(queue, over, { db });
    if (next.length > 0) await boss.insert(queue, next, { db });
  }
}

const END = `
  UPDATE diffio_webhooks.messages m
  SET state = e.state, at = now() + e.delay * interval '1 second', run = m.run + e.counted, job_id = e.next_job,
      reason = e.reason, error = e.error
  FROM (SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::float8[], $6::int[], $7::uuid[],
                             $8::text[], $9::text[])
          AS u (receiver, message_id, job_id, state, delay, counted, next_job, reason, error)
        ${IN_LOCK_ORDER}) AS e
  WHERE m.receiver = e.receiver AND m.message_id = e.message_id AND m.job_id = e.job_id AND ${isInState("running")}
  RETURNING e.job_id`;

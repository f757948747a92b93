import { type AcceptedMessage, WebhookError } from "@diffio-webhooks/core";
import type { Queues } from "./connection.ts";
import { type EndedRun, type Ending, endRuns } from "./end-runs.ts";
import { MESSAGE_COLUMNS, type MessageRow, toMessage } from "./message-row.ts";
import { toStored } from "./text.ts";

/** A run whose process died. */
export interface InterruptedRun {
  readonly message: AcceptedMessage;
  readonly run: number;
  readonly final: boolean;
}

const MAX_RUNS = 100;

/**
 * Ends runs whose lease is over, since their process died or hangs: each counts, and is followed by another or leaves
 * a dead letter.
 *
 * @param ours ids of jobs whose runs go on here: late or not, they are alive.
 */
export async function takeOver(
  { database, boss, queuesOf }: Queues,
  receivers: readonly string[],
  ours: readonly string[],
  { maxRuns, delayBefore }: { maxRuns: number; delayBefore: (run: number) => number },
): Promise<readonly InterruptedRun[]> {
  const queues = await queuesOf(receivers.map((receiver) => ({ receiver })));
  return database.transaction(async (transaction) => {
    const rows = await transaction.query<MessageRow>(EXPIRED, [receivers.map(toStored), ours, MAX_RUNS]);
    const interrupted = rows.map((row) => ({
      message: toMessage(row),
      run: row.run,
      final: row.run >= maxRuns,
    }));
    const ended = interrupted.map(({ message: { receiver, messageId }, run, final }, index): EndedRun => {
      const ending: Ending = final
        ? { next: "dead", reason: "run_interrupted", error: interruption(run) }
        : { next: "pending", delayInSeconds: delayBefore(run + 1), counts: true };
      return { receiver, messageId, jobId: rows[index]?.job_id ?? "", ending };
    });
    if (ended.length > 0) await endRuns(transaction, ended, { boss, queues });
    return interrupted;
  });
}

function interruption(run: number): WebhookError {
  return new WebhookError("run_interrupted", `The process died during run ${run}.`);
}

const EXPIRED = `
  SELECT ${MESSAGE_COLUMNS}, m.body
  FROM diffio_webhooks.messages m
  WHERE m.state = 'running' AND m.receiver = ANY($1::text[]) AND m.at < now() AND m.job_id <> ALL($2::uuid[])
  ORDER BY m.at
  LIMIT $3
  FOR UPDATE SKIP LOCKED`;

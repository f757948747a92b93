import type { Queues } from "./connection.ts";
import type { Transaction } from "./database.ts";
import { fromStored, toStored } from "./text.ts";

/** A message whose job is missing. */
interface Uncalled {
  readonly receiver: string;
  readonly message_id: string;
  readonly job_id: string;
}

const MAX_MESSAGES = 500;

/**
 * Makes the jobs of messages that were replayed: who replays them may have no pg-boss, a command line for instance.
 *
 * @returns the receivers that have something to run.
 */
export function makeReplayedJobs(queues: Queues, receivers: readonly string[]): Promise<ReadonlySet<string>> {
  return makeJobs(queues, receivers, ({ query }) => query<Uncalled>(REPLAYED, [receivers.map(toStored)]));
}

/**
 * Makes the jobs of messages that are long due once more, for pg-boss's tables may have been emptied by somebody, or
 * be others than when the message came. A job that is there stays as it is.
 */
export async function makeOverdueJobs(queues: Queues, receivers: readonly string[]): Promise<void> {
  await makeJobs(queues, receivers, ({ query }) => query<Uncalled>(OVERDUE, [receivers.map(toStored)]));
}

async function makeJobs(
  { database, boss, queuesOf }: Queues,
  receivers: readonly string[],
  find: (transaction: Transaction) => Promise<Uncalled[]>,
): Promise<ReadonlySet<string>> {
  const queues = await queuesOf(receivers.map((receiver) => ({ receiver })));
  return database.transaction(async (transaction) => {
    const called = new Set<string>();
    const found = Map.groupBy(await find(transaction), ({ receiver }) => fromStored(receiver));
    for (const [receiver, messages] of found) {
      const jobs = messages.map((row) => ({ id: row.job_id, data: { messageId: row.message_id } }));
      await boss.insert(queues.get(receiver) ?? "", jobs, { db: transaction.db });
      called.add(receiver);
    }
    return called;
  });
}

const REPLAYED = `
  WITH replayed AS (
    SELECT receiver, message_id FROM diffio_webhooks.messages
    WHERE state = 'replayed' AND receiver = ANY($1::text[])
    ORDER BY at
    LIMIT ${MAX_MESSAGES}
    FOR UPDATE SKIP LOCKED
  )
  UPDATE diffio_webhooks.messages m
  SET state = 'pending', job_id = gen_random_uuid()
  FROM replayed r
  WHERE m.receiver = r.receiver AND m.message_id = r.message_id
  RETURNING m.receiver, m.message_id, m.job_id`;

const OVERDUE = `
  SELECT receiver, message_id, job_id FROM diffio_webhooks.messages
  WHERE state = 'pending' AND receiver = ANY($1::text[]) AND at < now() - interval '1 minute'
  ORDER BY at
  LIMIT ${MAX_MESSAGES}`;

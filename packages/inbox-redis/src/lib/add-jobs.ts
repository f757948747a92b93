import type { Job, Queue } from "bullmq";

/** So many jobs, or bytes, hold Redis up for some milliseconds. */
const MAX_JOBS = 100;
const MAX_BYTES = 4 * 1024 * 1024;

/** Adds a job; resolves with false where one of its id is there already. */
export type AddJob = (job: Job, bytes: number) => Promise<boolean>;

interface Addition {
  readonly job: Job;
  readonly bytes: number;
  resolve(added: boolean): void;
  reject(error: unknown): void;
}

/**
 * Makes the function that adds jobs. BullMQ does not tell whether a job was there already, so the question goes before it
 * in one transaction. Those that come in one turn of the event loop share a transaction, since making one costs more
 * than a job.
 */
export function jobAdder(queue: Queue): AddJob {
  let waiting: Addition[] = [];
  let waitingBytes = 0;

  function flush(): void {
    const additions = waiting;
    waiting = [];
    waitingBytes = 0;
    if (additions.length === 0) return;
    addAll(queue, additions).catch((error: unknown) => {
      for (const { reject } of additions) reject(error);
    });
  }

  return (job, bytes) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ job, bytes, resolve, reject });
      waitingBytes += bytes;
      if (waiting.length >= MAX_JOBS || waitingBytes >= MAX_BYTES) flush();
    });
}

async function addAll(queue: Queue, additions: readonly Addition[]): Promise<void> {
  const transaction = (await queue.getBackend().client).multi();
  for (const { job } of additions) {
    transaction.runCommand("exists", [queue.toKey(job.id ?? "")]);
    await job.addJob(transaction);
  }
  const replies = await transaction.exec();
  if (!replies) throw new Error("Redis dropped the transaction.");
  for (const [error] of replies) if (error) throw error;
  additions.forEach(({ resolve }, index) => resolve(replies[2 * index]?.[1] === 0));
}

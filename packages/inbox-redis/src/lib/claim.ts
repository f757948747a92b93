import { randomUUID } from "node:crypto";
import type { Acceptance, AcceptedMessage, WebhookError } from "@diffio-webhooks/core";
import { errorText } from "@diffio-webhooks/core/inbox";
import { Job, type JobsOptions } from "bullmq";
import { type MessageData, deathText, jobIdOf, jobNameOf, messageData } from "./messages.ts";
import { runScript } from "./scripts.ts";
import type { ReceiverQueue } from "./store.ts";

/** `maxRuns` is a matter of the process that runs it: BullMQ itself never gives up. */
const JOB_OPTIONS: JobsOptions = {
  attempts: 1_000_000,
  backoff: { type: "custom" },
  stackTraceLimit: 0,
};

/** Stores a message as a job, whose id is the claim: both are one. A dead one is queued again. */
export async function claim(queue: ReceiverQueue, message: AcceptedMessage): Promise<Acceptance> {
  const id = jobIdOf(message.messageId);
  const data = messageData(message);
  // BullMQ does not tell whether a job was there already: the mark of the one that is there does.
  const mark = randomUUID();
  const options: JobsOptions & { mark: string } = { ...JOB_OPTIONS, jobId: id, mark };
  const job = new Job(queue.queue, jobNameOf(message), data, options, id);
  const storedOptions = (): Promise<string | null> => queue.client.hget(queue.key(id), "opts");
  const backend = await queue.queue.getBackend().client;
  const [, found] = await Promise.all([job.addJob(backend), storedOptions()]);
  // Redis answers in the order in which it was asked, but where it had lost the script, the job came later.
  const stored = found ?? (await storedOptions());
  if (stored?.includes(mark)) return { duplicate: false };
  const fields = { name: job.name, data: JSON.stringify(data), timestamp: job.timestamp };
  return { duplicate: !(await requeueDead(queue, id, fields)) };
}

/** Stores a message among the dead, if it is not known. */
export async function claimDead(
  queue: ReceiverQueue,
  message: AcceptedMessage,
  error: WebhookError,
): Promise<Acceptance> {
  const id = jobIdOf(message.messageId);
  const now = Date.now();
  const fields = {
    name: jobNameOf(message),
    data: JSON.stringify(messageData(message)),
    opts: JSON.stringify(JOB_OPTIONS),
    timestamp: now,
    delay: 0,
    priority: 0,
    finishedOn: now,
    failedReason: deathText({ reason: "invalid_payload", runs: 0, error: errorText(error) }),
  };
  const keys = [queue.key(id), queue.key("failed")];
  const added = await runScript(
    queue.client,
    "diffioAddDead",
    ...keys,
    id,
    now,
    ...Object.entries(fields).flat(),
  );
  return { duplicate: added === 0 };
}

/**
 * Queues a dead one again, with other fields if there are any.
 *
 * @returns whether it was dead, and nobody else queued it at the same time.
 */
export async function requeueDead(
  queue: ReceiverQueue,
  id: string,
  fields: Readonly<Record<string, string | number>> = {},
): Promise<boolean> {
  const keys = [queue.key(id), queue.key("failed")];
  const renewed = await runScript(
    queue.client,
    "diffioRenewDead",
    ...keys,
    id,
    ...Object.entries(fields).flat(),
  );
  if (renewed === 0) return false;
  try {
    const job = new Job<MessageData>(queue.queue, "", undefined as never, {}, id);
    await job.retry("failed", { resetAttemptsMade: true, resetAttemptsStarted: true });
    return true;
  } catch (error) {
    if (isJobError(error)) return false;
    throw error;
  }
}

/** Whether BullMQ says that a job is not what it should be: gone, elsewhere, or held by another. */
export function isJobError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "number" && error.code < 0;
}

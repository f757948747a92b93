import type { InboxCounts } from "@diffio-webhooks/core";
import { runScript } from "./scripts.ts";
import type { ReceiverQueue } from "./store.ts";

/** How many that wait, and how many that wait for a retry, are looked at to find the oldest. */
const LOOKED_AT = 10_000;

/** Counts the messages of receivers by state. */
export async function countMessages(queues: readonly ReceiverQueue[]): Promise<InboxCounts> {
  const counted = await Promise.all(queues.map(countQueue));
  const sum = (key: keyof InboxCounts): number => counted.reduce((total, counts) => total + counts[key], 0);
  return {
    pending: sum("pending"),
    running: sum("running"),
    done: sum("done"),
    dead: sum("dead"),
    oldestPendingInSeconds: Math.max(0, ...counted.map((counts) => counts.oldestPendingInSeconds)),
  };
}

/** Whether a receiver's messages are all done or dead. */
export async function isIdle({ queue }: ReceiverQueue): Promise<boolean> {
  return (await queue.getJobCountByTypes("wait", "delayed", "active")) === 0;
}

async function countQueue({ queue, client, key }: ReceiverQueue): Promise<InboxCounts> {
  const [counts, oldest] = await Promise.all([
    queue.getJobCounts("wait", "delayed", "active", "completed", "failed"),
    runScript(client, "diffioOldestPending", key("wait"), key("delayed"), key(""), LOOKED_AT),
  ]);
  const { wait = 0, delayed = 0, active = 0, completed = 0, failed = 0 } = counts;
  return {
    pending: wait + delayed,
    running: active,
    done: completed,
    dead: failed,
    oldestPendingInSeconds: oldest === 0 ? 0 : Math.max(0, (Date.now() - oldest) / 1000),
  };
}

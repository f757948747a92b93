import { clearTimeout, setTimeout } from "@diffio-webhooks/core/inbox";
import type { CheckedDurableInboxOptions } from "@diffio-webhooks/core/inbox";
import { runScript } from "./scripts.ts";
import type { ReceiverQueue, Store } from "./store.ts";

const AT_ONCE = 500;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Forgets what has been kept for long enough, now and then, until it is stopped. */
export function startPruning(
  { keepIdsInDays, keepBodiesInDays }: CheckedDurableInboxOptions,
  open: () => Store,
): { stop(): void } {
  const interval = Math.min(
    Math.max(keepIdsInDays * DAY_MS, 500),
    Math.max(keepBodiesInDays * DAY_MS, 500),
    HOUR_MS,
  );
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  function next(): void {
    if (!stopped) timer = setTimeout(() => void prune().finally(next), interval).unref();
  }

  async function prune(): Promise<void> {
    try {
      for (const queue of await open().knownQueues()) {
        await pruneQueue(queue, { ids: keepIdsInDays * DAY_MS, bodies: keepBodiesInDays * DAY_MS });
      }
    } catch {
      // Told by the connection. The next time does it.
    }
  }

  async function pruneQueue(queue: ReceiverQueue, keepMs: { ids: number; bodies: number }): Promise<void> {
    for (const set of ["completed", "failed"] as const) {
      await inSteps(async () => (await queue.queue.clean(keepMs.ids, AT_ONCE, set)).length);
    }
    const { client, key } = queue;
    const endedBy = Date.now() - keepMs.ids;
    await inSteps(() =>
      runScript(client, "diffioForgetDiscarded", key("discarded"), key(""), endedBy, AT_ONCE),
    );
    for (const set of ["completed", "discarded"]) {
      const keys = [key(set), key(`${set}-pruned`)];
      const bodiesBy = Date.now() - keepMs.bodies;
      await inSteps(() => runScript(client, "diffioPruneBodies", ...keys, key(""), bodiesBy, AT_ONCE));
    }
  }

  async function inSteps(step: () => Promise<number>): Promise<void> {
    do if (stopped) return;
    while ((await step()) >= AT_ONCE);
  }

  next();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

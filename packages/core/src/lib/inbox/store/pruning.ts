import { clearInterval, setInterval, setTimeout } from "../../timers.ts";
import type { CheckedDurableInboxOptions } from "../durable-inbox-options.ts";
import type { MessageStore, PruneProgress } from "./message-store.ts";

const DAY_MS = 86_400_000;
const LONGEST_INTERVAL_MS = 3_600_000;
const SHORTEST_INTERVAL_MS = 1000;
/** Between two steps, so that deliveries do not wait for a whole round. */
const PAUSE_MS = 20;

/** Deletes now and then what has been kept long enough. */
export function startPruning(
  store: MessageStore,
  { keepIdsInDays, keepBodiesInDays }: CheckedDurableInboxOptions,
): { stop(): void } {
  const keep = { idsInMs: keepIdsInDays * DAY_MS, bodiesInMs: keepBodiesInDays * DAY_MS };
  const interval = Math.min(keep.idsInMs, keep.bodiesInMs, LONGEST_INTERVAL_MS);
  let isBusy = false;
  let isStopped = false;

  async function round(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      let from: PruneProgress | null = await store.prune(keep, null);
      while (from) {
        await pause();
        if (isStopped) break;
        from = await store.prune(keep, from);
      }
    } catch {
      // What is kept a while longer does no harm.
    } finally {
      isBusy = false;
    }
  }
  const timer = setInterval(() => void round(), Math.max(interval, SHORTEST_INTERVAL_MS));
  (timer as { unref?: () => void }).unref?.();
  return {
    stop() {
      isStopped = true;
      clearInterval(timer);
    },
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS);
  });
}

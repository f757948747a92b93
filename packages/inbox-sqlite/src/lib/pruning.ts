import { setInterval } from "@diffio-webhooks/core/inbox";
import type { CheckedDurableInboxOptions } from "@diffio-webhooks/core/inbox";
import type { Operations, PruneProgress } from "./operations.ts";
import type { StoreClient } from "./store-client.ts";
import { pause } from "./waiting.ts";

const DAY_MS = 86_400_000;
const LONGEST_INTERVAL_MS = 3_600_000;
const SHORTEST_INTERVAL_MS = 1000;
/** Between two steps, so that deliveries do not wait for a whole round. */
const PAUSE_MS = 20;

/** Forgets now and then what has been kept long enough; ends with `clearInterval`. */
export function startPruning(
  store: StoreClient,
  { keepIdsInDays, keepBodiesInDays }: CheckedDurableInboxOptions,
): NodeJS.Timeout {
  const [keepIds, keepBodies] = [keepIdsInDays * DAY_MS, keepBodiesInDays * DAY_MS];
  const interval = Math.min(keepIds, keepBodies, LONGEST_INTERVAL_MS);
  let busy = false;

  async function round(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      let progress: PruneProgress | null = { step: "ids", afterSeq: 0 };
      while (progress) {
        const now = Date.now();
        const ask: Operations["prune"]["ask"] = {
          ...progress,
          idsBefore: now - keepIds,
          bodiesBefore: now - keepBodies,
        };
        progress = (await store.send("prune", ask, { lingers: true })).next;
        if (progress) await pause(PAUSE_MS);
      }
    } catch {
      // What is kept a while longer does no harm.
    } finally {
      busy = false;
    }
  }
  return setInterval(() => void round(), Math.max(interval, SHORTEST_INTERVAL_MS)).unref();
}

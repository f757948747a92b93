import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import { type EndedRun, endRuns } from "./end-runs.ts";

/** Writes down how runs ended: those that end together in one transaction, and again until it is committed. */
export interface Settler {
  /** @param onSettled called once it is committed, or the run was found to be no longer ours. */
  settle(run: EndedRun, onSettled: () => void): void;
  /** Tries no more. */
  giveUp(): void;
}

const MAX_RUNS = 500;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 1000;

/** Makes it. */
export function createSettler(connection: Connection, onError: (error: unknown) => void): Settler {
  let waiting: { run: EndedRun; onSettled: () => void }[] = [];
  let settling = false;

  async function settleAll(): Promise<void> {
    let pause = FIRST_RETRY_MS;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_RUNS);
      try {
        const runs = batch.map(({ run }) => run);
        const { database, boss, queuesOf } = await connection.queues();
        const queues = await queuesOf(runs);
        await database.transaction((transaction) => endRuns(transaction, runs, { boss, queues }));
        waiting = waiting.slice(batch.length);
        for (const { onSettled } of batch) onSettled();
        pause = FIRST_RETRY_MS;
      } catch (error) {
        // The runs have ended, whatever the database does: only when it knows may they be forgotten here.
        connection.failed(error);
        onError(error);
        await sleep(pause, undefined, { ref: false });
        pause = Math.min(pause * 2, LAST_RETRY_MS);
      }
    }
  }

  return {
    settle(run, onSettled) {
      waiting.push({ run, onSettled });
      if (settling) return;
      settling = true;
      void settleAll().finally(() => {
        settling = false;
      });
    },
    giveUp() {
      waiting = [];
    },
  };
}

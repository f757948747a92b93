import type { Recovery, RecoveryProgress } from "../../lib/recover.ts";
import type { Simulator } from "../../lib/simulator.ts";

/** A recovery that was started from the portal: how far it has come, and what came of it. */
export interface RecoveryJob {
  readonly operation: "recover" | "replayMissing";
  readonly progress: RecoveryProgress;
  readonly result: Recovery | undefined;
  readonly error: unknown;
}

/** Recoveries go on while pages come and go. The last of each endpoint is kept. */
export interface RecoveryJobs {
  /** Resolves when it has begun. Rejects with what recover refuses at once. */
  start(
    endpointId: string,
    operation: RecoveryJob["operation"],
    window: { since: Date; until?: Date },
  ): Promise<void>;
  get(endpointId: string): RecoveryJob | undefined;
}

/** Makes the list of recoveries. */
export function createRecoveryJobs(simulator: Simulator): RecoveryJobs {
  const jobs = new Map<string, RecoveryJob>();
  return {
    start: (endpointId, operation, window) =>
      new Promise((resolve, reject) => {
        let progress: RecoveryProgress = { done: 0, total: 0 };
        let hasBegun = false;
        const note = (result?: Recovery, error?: unknown): void => {
          jobs.set(endpointId, { operation, progress, result, error });
          hasBegun = true;
          resolve();
        };
        simulator[operation](endpointId, {
          ...window,
          onProgress(now) {
            progress = now;
            note();
          },
        }).then(note, (error: unknown) => (hasBegun ? note(undefined, error) : reject(error as Error)));
      }),
    get: (endpointId) => jobs.get(endpointId),
  };
}

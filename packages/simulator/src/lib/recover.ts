import { hasSucceeded } from "./attempts.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Deliveries } from "./deliveries.ts";
import { SimulatorError, invalidOption } from "./errors.ts";
import { checkDate, checkObject } from "./options.ts";
import type { AttemptRecord, MessageRecord } from "./records.ts";
import { type Store, findEndpoint } from "./store.ts";
import { endpointsFor } from "./test-events.ts";

/** How far back the sender recovers. */
const MAX_DAYS = 14;
const DAY_MS = 24 * 3600 * 1000;

/** How far a recovery has come. */
export interface RecoveryProgress {
  readonly done: number;
  readonly total: number;
}

/** Options of a recovery. Times are of the simulated clock. */
export interface RecoverOptions {
  /** Messages created since then, at most 14 days ago. */
  since: Date;
  /** And until then. Default: now. */
  until?: Date | undefined;
  /** Called at the start and after each attempt. */
  onProgress?: ((progress: RecoveryProgress) => void) | undefined;
}

/** What came of a recovery: one manual attempt for each message. */
export interface Recovery {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** Sends again what an endpoint should have. */
export type Recover = (endpointId: string, options: RecoverOptions) => Promise<Recovery>;

/**
 * Makes `recover` (messages that were tried and never succeeded) and `replayMissing` (messages that the endpoint wants
 * and that were never tried: it was disabled, or not there yet).
 */
export function createRecoveries({
  store,
  clock,
  deliveries,
}: {
  store: Store;
  clock: SimulatedClock;
  deliveries: Deliveries;
}): { readonly recover: Recover; readonly replayMissing: Recover } {
  function attemptsOf(message: MessageRecord, endpointId: string): AttemptRecord[] {
    return store.attemptsOf(message.id).filter((attempt) => attempt.endpointId === endpointId);
  }

  return {
    recover: (endpointId, options) =>
      sendAgain(endpointId, options, (message) => {
        const attempts = attemptsOf(message, endpointId);
        return attempts.length > 0 && !attempts.some(hasSucceeded);
      }),
    replayMissing: (endpointId, options) =>
      sendAgain(
        endpointId,
        options,
        (message) =>
          attemptsOf(message, endpointId).length === 0 &&
          !store
            .destinationsOf(message.id)
            .some((one) => one.endpointId === endpointId && one.dueAt !== null) &&
          endpointsFor(store, message).some(({ id }) => id === endpointId),
      ),
  };

  async function sendAgain(
    endpointId: string,
    options: RecoverOptions,
    isWanted: (message: MessageRecord) => boolean,
  ): Promise<Recovery> {
    checkObject("The time window", options);
    const { onProgress } = options;
    const [since, until] = checkWindow(options, clock.now());
    if (findEndpoint(store, endpointId).disabledBecause !== null) {
      throw new SimulatorError(
        "endpoint_disabled",
        `The endpoint ${endpointId} is disabled.`,
        "Enable it first, then recover.",
      );
    }
    const messages = store
      .all("message")
      .filter((message) => message.createdAt >= since && message.createdAt <= until && isWanted(message));
    const total = messages.length;
    let done = 0;
    let succeeded = 0;
    onProgress?.({ done, total });
    await Promise.all(
      messages.map(async (message) => {
        try {
          if (hasSucceeded(await deliveries.attemptByHand(message, endpointId))) succeeded += 1;
        } catch (error) {
          // It was disabled or removed meanwhile: what is left has failed.
          if (!(error instanceof SimulatorError) || error.code === "closed") throw error;
        }
        done += 1;
        onProgress?.({ done, total });
      }),
    );
    return { total, succeeded, failed: total - succeeded };
  }
}

function checkWindow(options: RecoverOptions, now: number): readonly [since: number, until: number] {
  const since = checkDate("since", options.since);
  const until = options.until === undefined ? now : checkDate("until", options.until);
  if (since < now - MAX_DAYS * DAY_MS) {
    throw invalidOption(
      `since is more than ${MAX_DAYS} days ago.`,
      `The sender recovers at most ${MAX_DAYS} days: name a later time.`,
    );
  }
  if (until < since) throw invalidOption("until is before since.", "Give the earlier time as since.");
  return [since, until];
}

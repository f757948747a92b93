/** Seconds between an attempt's failure and the next attempt: 8 attempts in all, by the vendor's page. */
const DELAYS = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600] as const;

/** The least delay after a timeout or a 429. */
const OVERLOADED_DELAY = 60;

/** The 5 days of failure after which an endpoint is disabled, in milliseconds. */
export const DISABLED_AFTER_MS: number = 5 * 24 * 3600 * 1000;

/** What the delay depends on besides the number of attempts. */
export interface FailedAttempt {
  /** Scheduled attempts made so far. */
  readonly attemptsMade: number;
  readonly statusCode: number | null;
  readonly timedOut: boolean;
  /** The reply's `Retry-After`. */
  readonly retryAfter: string | undefined;
}

/**
 * The seconds to wait after a failed attempt, or `null` when it was the last. `Retry-After` counts between once and
 * twice the planned delay.
 *
 * @param jitter 0.2 for ±20 %
 * @param random from 0 to 1
 */
export function delayAfter(failed: FailedAttempt, jitter: number, random: () => number): number | null {
  const delay = DELAYS[failed.attemptsMade - 1];
  if (delay === undefined) return null;
  const jittered = delay * (1 + jitter * (2 * random() - 1));
  const overloaded = failed.timedOut || failed.statusCode === 429;
  const planned = overloaded ? Math.max(jittered, OVERLOADED_DELAY) : jittered;
  return Math.min(Math.max(planned, retryAfterInSeconds(failed.retryAfter)), 2 * planned);
}

/** Seconds, or an HTTP date; 0 for what is neither. */
function retryAfterInSeconds(header: string | undefined): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, (date - Date.now()) / 1000);
}

import { MAX_TIMER_SECONDS, checkSeconds, invalidOption } from "../options.ts";

const MAX_DELAY_SECONDS = 3600;

/**
 * The delay before a run that follows a failed one: seconds before run 2, doubled for each further run up to an
 * hour; or a list with a delay for run 2, 3 and so on (the last one stays); or a function of the run to come.
 */
export type BackoffInSeconds = number | readonly number[] | ((run: number) => number);

/** Makes the function from the run to come (2 or more) to the delay before it, in seconds. */
export function backoffDelays(
  backoff: BackoffInSeconds | undefined,
  defaultInSeconds: number,
): (run: number) => number {
  if (typeof backoff === "function") {
    return (run) => {
      // Too late to throw: an invalid delay is no reason to lose the message.
      try {
        const delay = backoff(run);
        return Number.isFinite(delay) ? Math.min(Math.max(delay, 0), MAX_TIMER_SECONDS) : defaultInSeconds;
      } catch {
        return defaultInSeconds;
      }
    };
  }
  if (Array.isArray(backoff)) {
    const delays = backoff.map((delay) =>
      checkSeconds("backoffInSeconds", delay, { default: defaultInSeconds }),
    );
    const last = delays.at(-1);
    if (last === undefined)
      throw invalidOption("backoffInSeconds is an empty list.", "Pass at least one delay.");
    return (run) => delays[run - 2] ?? last;
  }
  const first = checkSeconds("backoffInSeconds", backoff, { default: defaultInSeconds });
  return (run) => Math.min(first * 2 ** (run - 2), Math.max(first, MAX_DELAY_SECONDS));
}

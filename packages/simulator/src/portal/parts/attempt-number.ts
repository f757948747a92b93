import type { Attempt } from "../../lib/types.ts";

/** By the schedule, the first one included. */
export const MAX_ATTEMPTS = 8;

/**
 * How many attempts the schedule has made with this one; the two copies of a duplicate are one of them.
 *
 * @param attempts those of one message at one endpoint
 */
export function attemptNumber({ at }: Pick<Attempt, "at">, attempts: readonly Attempt[]): number {
  const scheduled = attempts.filter((one) => one.trigger === "scheduled" && one.at <= at);
  return new Set(scheduled.map((one) => one.at.getTime())).size;
}

import { WebhookError } from "./errors.ts";

/**
 * Reads the timestamp header strictly (digits only, so that nothing like `1e9`, ` 1` or `1abc` is taken for
 * another time than the one that was signed) and checks it against the clock in both directions, bounds included.
 *
 * @param nowInMs the receiver's clock, in milliseconds since the epoch.
 * @returns seconds since the epoch.
 * @throws WebhookError `invalid_timestamp`, `timestamp_too_old`, `timestamp_too_new`
 */
export function checkTimestamp(timestamp: string, nowInMs: number, toleranceInSeconds: number): number {
  if (!/^[1-9]\d{0,11}$/.test(timestamp)) {
    throw new WebhookError("invalid_timestamp", "The timestamp header is not a whole number of seconds.", {
      hint: "The sender sends seconds since 1970, digits only; a test may have sent milliseconds or a date.",
    });
  }
  const seconds = Number(timestamp);
  const ageInSeconds = Math.floor(nowInMs / 1000) - seconds;
  if (ageInSeconds > toleranceInSeconds) {
    throw new WebhookError(
      "timestamp_too_old",
      `The delivery was signed ${ageInSeconds} s ago; the tolerance is ${toleranceInSeconds} s.`,
      {
        hint: "Either an old delivery is being sent again by someone, or this machine's clock is ahead: check it against NTP.",
      },
    );
  }
  if (-ageInSeconds > toleranceInSeconds) {
    throw new WebhookError(
      "timestamp_too_new",
      `The delivery was signed ${-ageInSeconds} s in the future; the tolerance is ${toleranceInSeconds} s.`,
      { hint: "This machine's clock seems to be behind: check it against NTP." },
    );
  }
  return seconds;
}

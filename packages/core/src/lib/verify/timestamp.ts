import { WebhookError } from "../errors.ts";

const MAX_DIGITS = 12;
const ZERO = 48;

/**
 * Reads the timestamp header strictly (digits only, so that nothing like `1e9`, ` 1` or `1abc` is read as
 * another time than the one that was signed) and checks it against the clock in both directions, bounds included.
 *
 * @param nowInMs the receiver's clock, in milliseconds since the epoch.
 * @returns seconds since the epoch.
 * @throws WebhookError `invalid_timestamp`, `timestamp_too_old`, `timestamp_too_new`
 */
export function checkTimestamp(timestamp: string, nowInMs: number, toleranceInSeconds: number): number {
  const seconds = readDigits(timestamp);
  if (seconds === undefined) {
    throw new WebhookError("invalid_timestamp", "The timestamp header is not a whole number of seconds.", {
      hint: "The sender sends seconds since 1970, digits only; a test may have sent milliseconds or a date.",
    });
  }
  if (!Number.isFinite(nowInMs)) {
    throw new WebhookError("invalid_option", "The clock (the option now) did not return a number.", {
      hint: "now returns milliseconds since 1970, as Date.now does.",
    });
  }
  const ageInSeconds = Math.floor(nowInMs / 1000) - seconds;
  if (ageInSeconds > toleranceInSeconds) {
    throw new WebhookError(
      "timestamp_too_old",
      `The delivery was signed ${ageInSeconds} s ago; the tolerance is ${toleranceInSeconds} s.`,
      {
        hint:
          "Either a recorded delivery is being replayed, or this machine's clock is ahead: check it against NTP. " +
          "A resend from the portal is signed again. To replay old deliveries in a test, raise toleranceInSeconds or set now.",
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

/** `[1-9][0-9]{0,11}` as a number: a loop, since a regular expression and a conversion take several times as long. */
function readDigits(text: string): number | undefined {
  if (text.length > MAX_DIGITS || text.length === 0 || text.charCodeAt(0) === ZERO) return undefined;
  let number = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}

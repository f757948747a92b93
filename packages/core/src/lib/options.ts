import { WebhookError } from "./errors.ts";

/** The longest delay that timers take (2^31 - 1 ms), in whole seconds. */
export const MAX_TIMER_SECONDS: number = 2_147_483;

/** Makes the error for an option that cannot be used. */
export function invalidOption(message: string, hint: string): WebhookError {
  return new WebhookError("invalid_option", message, { hint });
}

/** Bounds of a numeric option. */
interface NumberBounds {
  default: number;
  min?: number;
  max?: number;
  integer?: boolean;
}

/** Checks a numeric option and returns its default if it is absent. */
export function checkNumber(name: string, value: unknown, bounds: NumberBounds): number {
  if (value === undefined) return bounds.default;
  const { min = 0, max = Number.MAX_SAFE_INTEGER, integer = false } = bounds;
  if (typeof value !== "number" || !(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
    throw invalidOption(
      `${name} is ${typeof value === "number" ? value : `of type ${typeof value}`}.`,
      `Pass a ${integer ? "whole " : ""}number from ${min} to ${max}, or leave it out for ${bounds.default}.`,
    );
  }
  return value;
}

/** Checks an option that is a duration in seconds and is passed to a timer. */
export function checkSeconds(
  name: string,
  value: unknown,
  bounds: { default: number; min?: number },
): number {
  return checkNumber(name, value, { max: MAX_TIMER_SECONDS, ...bounds });
}

/** Checks an option that is a function, or absent. */
export function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw invalidOption(`${name} is of type ${typeof value}.`, `${name} must be a function, or left out.`);
}

/** `toleranceInSeconds`, 300 by default, as in the sender's own libraries. */
export function checkTolerance(value: unknown): number {
  return checkNumber("toleranceInSeconds", value, { default: 300 });
}

/** `now`, the clock. */
export function checkNow(now: (() => number) | undefined): () => number {
  checkFunction("now", now);
  // Called each time: a test may set the clock after this.
  if (!now) return () => Date.now();
  return () => {
    try {
      return now();
    } catch (cause) {
      throw new WebhookError("invalid_option", "now has thrown.", {
        hint: "It returns the time in milliseconds since the epoch, as Date.now does.",
        cause,
      });
    }
  };
}

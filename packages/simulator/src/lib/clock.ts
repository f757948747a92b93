import { invalidOption } from "./errors.ts";

/** How the simulated clock goes: with the wall clock, by hand only, or so many times as fast. */
export type ClockOption = "real" | "manual" | { readonly speed: number };

/** The clock that schedules run on. Times are milliseconds since the epoch. */
export interface SimulatedClock {
  readonly option: ClockOption;
  now(): number;
  /** Goes forward to a time; never back. */
  moveTo(time: number): void;
  /** How long that is on the wall clock, in milliseconds; `Infinity` when only a hand can bring it about. */
  wallTimeUntil(time: number): number;
}

/**
 * Starts a clock at a time.
 *
 * @throws SimulatorError `invalid_option`
 */
export function startClock(option: ClockOption, startAt: number): SimulatedClock {
  const speed = speedOf(option);
  const startedAt = Date.now();
  let skipped = 0;
  const now = (): number => startAt + Math.floor((Date.now() - startedAt) * speed) + skipped;
  return {
    option,
    now,
    moveTo(time) {
      skipped += Math.max(0, time - now());
    },
    wallTimeUntil: (time) => (speed === 0 ? Infinity : Math.max(0, time - now()) / speed),
  };
}

/** How many simulated seconds go by in a second. */
function speedOf(option: ClockOption): number {
  if (option === "real") return 1;
  if (option === "manual") return 0;
  if (typeof option === "object" && option !== null && option.speed > 0 && Number.isFinite(option.speed))
    return option.speed;
  throw invalidOption(
    "clock is none of the clocks.",
    'Give "real", "manual", or { speed: 60 } for a minute in each second.',
  );
}

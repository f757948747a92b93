import { InvalidArgumentError } from "@commander-js/extra-typings";

const SECONDS_IN = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const DURATION = /^(?:\d+[smhd])+$/;

/** A duration in seconds: `90`, `90s`, `5m`, `2h`, `1d`, `1h30m`. */
export function readDuration(text: string): number {
  const seconds = durationInSeconds(text);
  if (seconds === undefined) throw new InvalidArgumentError("It takes a duration: 90s, 5m, 2h, 1d, 1h30m.");
  return seconds;
}

/** The same; nothing for text that is none. */
export function durationInSeconds(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  if (!DURATION.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g)) {
    seconds += Number(count) * SECONDS_IN[unit as keyof typeof SECONDS_IN];
  }
  return seconds;
}

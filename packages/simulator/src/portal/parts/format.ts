import { STATUS_CODES } from "node:http";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `12:34:56`, with as much of the date as differs from now, in the time zone of this machine. */
export function formatTime(time: Date, now: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(":");
  if (time.toDateString() === now.toDateString()) return clock;
  const day = time.getFullYear() === now.getFullYear() ? formatDay(time).slice(0, -5) : formatDay(time);
  return `${day}, ${clock}`;
}

/** `28 Jan 2026` */
export function formatDay(time: Date): string {
  return `${time.getDate()} ${MONTHS[time.getMonth()]} ${time.getFullYear()}`;
}

/** What an `<input type="datetime-local">` takes. */
export function formatForInput(time: Date): string {
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(twoDigits).join("-");
  return `${day}T${[time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(":")}`;
}

/** The two largest units of a span: `5 s`, `35 min 5 s`, `1 d 3 h`. The page's script does the same for countdowns. */
export function formatSpan(milliseconds: number): string {
  const rounded = Math.round(milliseconds / SECOND) * SECOND;
  const parts = [
    [Math.floor(rounded / DAY), "d"],
    [Math.floor((rounded % DAY) / HOUR), "h"],
    [Math.floor((rounded % HOUR) / MINUTE), "min"],
    [Math.floor((rounded % MINUTE) / SECOND), "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** `12 ms`, `1.2 s` */
export function formatDuration(milliseconds: number): string {
  return milliseconds < SECOND ? `${milliseconds} ms` : `${(milliseconds / SECOND).toFixed(1)} s`;
}

/** `412 bytes`, `2,097,152 bytes` */
export function formatBytes(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "byte" : "bytes"}`;
}

/** `500 Internal Server Error` */
export function formatStatus(statusCode: number): string {
  return `${statusCode} ${STATUS_CODES[statusCode] ?? ""}`.trim();
}

/** `1 attempt`, `3 attempts` */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

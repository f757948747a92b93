import type { Attempt, Message } from "@diffio-webhooks/simulator";
import { grey, green, plain, red } from "./output.ts";

/** One attempt on a line, and on a second what to do where it failed. */
export function renderAttempt({ succeeded, url, advice, ...attempt }: Attempt, what: string): string {
  const line = `${succeeded ? green("✓") : red("✗")} ${what}  → ${plain(url)}  ${renderResult(attempt)}`;
  return advice === null ? line : `${line}\n  ${grey(`→ ${advice}`)}`;
}

/** What came back, and how long it took. */
export function renderResult({
  statusCode,
  error,
  durationInMs,
}: Pick<Attempt, "statusCode" | "error" | "durationInMs">): string {
  const result = error ? plain(error.message) : String(statusCode);
  return `${result} in ${Math.round(durationInMs)} ms`;
}

/** Whether an attempt of the message has failed so far. */
export function hasFailed({ attempts }: Message): boolean {
  return attempts.some(({ succeeded }) => !succeeded);
}

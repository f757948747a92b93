import { WebhookError } from "@diffio-webhooks/core";

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^(NOAUTH|WRONGPASS|NOPERM)/, "Check the user and password in the url, and what that user may do."],
  [/^OOM/, "Redis is full: raise its maxmemory, or keep ids and bodies for a shorter time."],
  [/^MISCONF/, "Redis cannot write to its disk: its log says why."],
  [/^READONLY/, "This Redis is a replica: give the address of the master."],
];

/** The error for a Redis that does not do what it is asked. */
export function unavailable(cause: unknown, where: string): WebhookError {
  if (cause instanceof WebhookError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const hint =
    HINTS.find(([pattern]) => pattern.test(text))?.[1] ??
    "Check that Redis runs there and can be reached. Nothing has to be restarted here when it is back.";
  return new WebhookError("inbox_unavailable", `Redis at ${where} failed: ${text}`, { hint, cause });
}

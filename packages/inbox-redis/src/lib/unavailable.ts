import { WebhookError } from "@diffio-webhooks/core";

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^(NOAUTH|WRONGPASS|NOPERM)/, "Check the user and password in the url, and what that user may do."],
  [/^OOM/, "Redis is full: raise its maxmemory, or keep ids and bodies for a shorter time."],
  [/^MISCONF/, "Redis cannot write to its disk: its log says why."],
  [/^READONLY/, "This Redis is a replica: give the address of the master."],
];

/** The error for a Redis that does not do what it is asked. */
export function unavailable(error: unknown, where: string): WebhookError {
  if (error instanceof WebhookError) return error;
  const found = withoutCommand(error);
  // ioredis says which of its options ended the waiting, not what was waited for.
  const cause = found.name === "MaxRetriesPerRequestError" ? new Error("it cannot be reached") : found;
  const hint =
    HINTS.find(([pattern]) => pattern.test(cause.message))?.[1] ??
    "Check that Redis runs there and can be reached. Nothing has to be restarted here when it is back.";
  return new WebhookError("inbox_unavailable", `Redis at ${where} failed: ${cause.message}`, { hint, cause });
}

/** An error of ioredis, without the command that it carries: a body may stand in it, and bodies are never logged. */
function withoutCommand(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return Object.assign(new Error(error.message), { name: error.name });
}

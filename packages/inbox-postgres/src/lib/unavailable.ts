import { WebhookError } from "@diffio-webhooks/core";

/** How to fix it, by the code of the error: Node's, or the server's SQLSTATE. */
const FIXES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Nothing listens there: start PostgreSQL, or fix the host and port.",
  ENOTFOUND: "There is no host of this name: fix it.",
  EAI_AGAIN: "There is no host of this name, or no name server answers.",
  "28P01": "Fix the password.",
  "28000": "The server refuses this user: fix its name, or pg_hba.conf.",
  "3D000": "There is no database of this name: create it, or fix the name.",
  "42501":
    "The role lacks a right: GRANT CREATE ON DATABASE for the first start, then USAGE on the schema diffio_webhooks, and DML on its tables.",
  "53100": "The server's disk is full.",
  "53300": "The server has no connection left: raise its max_connections, or use a pooler.",
  "25006": "This server is read-only, a standby: connect to the primary.",
  "57P03": "The server is starting or stopping: deliveries go on when it is up.",
};

/** The error for whatever the server, or the way to it, did not do. */
export function unavailable(cause: unknown): WebhookError {
  if (cause instanceof WebhookError) return cause;
  const { message, code } = cause instanceof Error ? (cause as Error & { code?: string }) : {};
  // Several addresses of one host: Node puts their errors into one that has no message of its own.
  const what = message === undefined || message === "" ? (code ?? String(cause)) : message;
  return new WebhookError("inbox_unavailable", `PostgreSQL did not do what was asked: ${what}`, {
    hint: FIXES[code ?? ""] ?? "Check that PostgreSQL runs and can be reached; the sender retries meanwhile.",
    cause,
  });
}

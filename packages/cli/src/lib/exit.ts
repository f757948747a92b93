import type { WebhookError } from "@diffio-webhooks/core";

/** What the process ends with: one meaning for every command. */
export const EXIT = {
  ok: 0,
  /** A delivery was refused, or did not verify. */
  failed: 1,
  /** The command line, or a file that it names, is wrong. */
  usage: 2,
  /** Nobody answers there. */
  unreachable: 3,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for people, and a hint where there is something to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, message: string, hint?: string) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Whether it is an error of core's, or of the copy of core that a user's project has. */
export function isWebhookError(error: unknown): error is WebhookError {
  return error instanceof Error && error.name === "WebhookError" && "code" in error;
}

/** A mistake on the command line, or in a file that it names. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError(EXIT.usage, message, hint);
}

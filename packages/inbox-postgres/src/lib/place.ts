import type { AcceptedMessage } from "@diffio-webhooks/core";

/** A place for a run in this process, held for a message that is on its way into the database. */
export interface Place {
  /** Runs the message, which is stored with its lease. */
  run(jobId: string, message: AcceptedMessage): void;
  /** Gives the place back: the message was there before. */
  free(): void;
  /** The same where nobody can tell whether it was stored: if it was, its lease is given back. */
  giveUp(jobId: string, messageId: string): void;
}

import type { AttachedReceiver } from "@diffio-webhooks/core";
import type { Claimed } from "./claim.ts";

/** A receiver whose messages run here. */
export interface Attached extends AttachedReceiver {
  /** Whether there may be a job for it. */
  hasWork: boolean;
  /** While jobs are being taken. */
  claiming: Promise<void> | undefined;
  /** Places that are held for messages on their way into the database. */
  readonly held: Set<Promise<void>>;
  isClosing: boolean;
}

/** A run that goes on here, or whose end is being written down. */
export interface Run extends Claimed {
  readonly receiver: string;
  readonly controller: AbortController;
  /** Whether its end is known: a later one changes nothing. */
  isOver: boolean;
  /** Resolves when its end is known, and when it is written down. */
  readonly over: PromiseWithResolvers<void>;
  readonly settled: PromiseWithResolvers<void>;
}

import type { DeadLetter, FailureReason, InboxCounts } from "@diffio-webhooks/core";

/** What the Durable Object must know for what it does unasked. It keeps what it was told last. */
export interface ObjectSettings {
  /** The name of the queue's binding. */
  readonly queue: string;
  readonly leaseInSeconds: number;
  readonly keepIdsInDays: number;
  readonly keepBodiesInDays: number;
}

/** A message as it travels between a Worker and the Durable Object: all that a later run needs. */
export interface StoredMessage {
  readonly receiver: string;
  readonly messageId: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly rawBody: Uint8Array;
  readonly eventType: string | undefined;
  readonly secretName: string | undefined;
}

/** What became of an accepted message. */
export interface ObjectAcceptance {
  readonly duplicate: boolean;
  /** Why the queue did not take it. The message is stored all the same, and is queued again later. */
  readonly notQueued?: string | undefined;
}

/** Who asks for a message's next run. */
export interface LeaseRequest {
  readonly id: number;
  /** Chosen by the one who asks: a request that is repeated gets the same lease again. */
  readonly token: string;
  /** The receivers that it runs messages for. */
  readonly receivers: readonly string[];
  readonly maxRuns: number;
}

/** The answer. */
export type Lease =
  /** Nothing to do: it is done, dead, runs elsewhere, or waits for its backoff. */
  | { readonly status: "not-due" }
  | { readonly status: "other-receiver"; readonly receiver: string }
  | {
      readonly status: "leased";
      readonly message: StoredMessage;
      readonly run: number;
      /** Whether the run before ended without a word. */
      readonly takenOver: boolean;
    }
  /** The last run ended without a word. */
  | { readonly status: "died"; readonly message: StoredMessage; readonly run: number };

/** Who holds the lease of a message. */
export interface LeaseHolder {
  readonly id: number;
  readonly token: string;
}

/** How a run ended. */
export type RunEnd =
  | { readonly state: "done" }
  | { readonly state: "pending"; readonly delayInSeconds: number }
  | { readonly state: "dead"; readonly reason: FailureReason; readonly error: string };

/** Part of a page of dead letters: as many as fit into one answer. */
export interface DeadLetterPart {
  readonly letters: readonly DeadLetter[];
  readonly more: boolean;
}

/** Where a `replayAll` stops: what dies after it began is not replayed. */
export interface ReplayPlan {
  readonly total: number;
  readonly diedUntil: number;
}

/** What the Durable Object does for Workers. */
export interface InboxObject {
  accept(settings: ObjectSettings, message: StoredMessage): Promise<ObjectAcceptance>;
  acceptInvalid(settings: ObjectSettings, message: StoredMessage, error: string): Promise<ObjectAcceptance>;
  lease(settings: ObjectSettings, request: LeaseRequest): Promise<Lease>;
  /** Gives the tokens of those who still hold their lease. */
  renew(holders: readonly LeaseHolder[]): Promise<string[]>;
  /** False where the lease has passed to another: nothing has changed then. */
  end(holder: LeaseHolder, end: RunEnd): Promise<boolean>;
  isIdle(receiver: string): Promise<boolean>;
  counts(): Promise<InboxCounts>;
  listDead(limit: number, after: string | undefined): Promise<DeadLetterPart>;
  /** False where there is no dead letter of that id. */
  replay(id: string): Promise<boolean>;
  discard(id: string): Promise<boolean>;
  planReplay(): Promise<ReplayPlan>;
  /** Queues some again, and tells how many: 0 when none is left. */
  replaySome(plan: ReplayPlan): Promise<number>;
}

import type { WebhookError } from "../errors.ts";

/** A verified message on its way into an inbox. */
export interface AcceptedMessage {
  /** The receiver's name: together with the message id it is the key. */
  readonly receiver: string;
  /** The same for all attempts of one message. */
  readonly messageId: string;
  /** When the accepted attempt was signed. */
  readonly timestamp: Date;
  /** The bytes that were signed. */
  readonly rawBody: Uint8Array;
  /** Absent where the event names no type, or the body is not a valid event. */
  readonly eventType?: string | undefined;
  /** What the event is about, where its catalog can tell: Diffio's generation. */
  readonly subject?: string | undefined;
  /** The name of the secret that matched, if the secrets are named. */
  readonly secretName?: string | undefined;
  /** What the receiver keeps beside a message for a run in this process. Never stored; absent after a restart. */
  readonly inProcess?: unknown;
}

/** Which run of a message this is. */
export interface RunAttempt {
  /** 1 for the first. */
  readonly run: number;
  /** Whether it is the last: no run follows if it fails. */
  readonly final: boolean;
  /** Aborted when the inbox abandons the run: the inbox closes, or another process has taken over the run's lease. */
  readonly signal?: AbortSignal | undefined;
  /** A client inside the transaction that also writes "done", where the inbox has one. */
  readonly transaction?: unknown;
}

/**
 * Why a run failed: the callback threw or rejected, took too long, the stored bytes are not a valid event, or the
 * process died during the run.
 */
export type FailureReason = "handler_failed" | "handler_timeout" | "invalid_payload" | "run_interrupted";

/** How one run of a message ended. */
export type RunOutcome =
  | { readonly succeeded: true }
  | {
      readonly succeeded: false;
      /** Whether the inbox does not retry it again: the message is dead. */
      readonly final: boolean;
      readonly reason: FailureReason;
      readonly error: unknown;
    };

/** Runs a message's callbacks once. Never rejects. */
export type RunMessage = (message: AcceptedMessage, attempt: RunAttempt) => Promise<RunOutcome>;

/** What {@link Inbox.accept} found. */
export interface Acceptance {
  /** Whether the message was there already: it is answered 200 and not run again. */
  readonly duplicate: boolean;
  /** For a duplicate: whether its body equals the stored one. Left out if finding out would cost a read. */
  readonly sameBody?: boolean | undefined;
  /** Resolves (never rejects) when the message is done or abandoned, if it runs in this process. */
  readonly runs?: Promise<unknown>;
}

/** What {@link Inbox.acceptAndRun} found. */
export interface RunningMessage {
  /** Whether the message was there already: it runs, or has succeeded. */
  readonly duplicate: boolean;
  /** As in {@link Acceptance}. */
  readonly sameBody?: boolean | undefined;
  /** How its run ends. Rejects only when the message could not be taken. */
  readonly outcome: Promise<RunOutcome>;
}

/** A receiver's side of an inbox that runs messages for it. */
export interface AttachedReceiver {
  readonly name: string;
  readonly run: RunMessage;
  /**
   * Reports a run that failed though its callbacks did not, so that the receiver calls `onError` for it.
   *
   * @param error why its effects could not be committed. Left out where its process died.
   */
  interrupted(message: AcceptedMessage, attempt: RunAttempt, error?: unknown): void;
}

/** An inbox's side of a receiver that it runs messages for. */
export interface InboxAttachment {
  /**
   * Resolves when no accepted message of this receiver is waiting or running: in this process for the memory inbox,
   * in any process for a durable one.
   */
  idle(): Promise<void>;
  /** Starts no further run, waits for the current ones, and detaches the receiver. */
  close(): Promise<void>;
  /** The consumer of a platform's queue, for inboxes that are built on one. */
  queue?(batch: QueueBatch, env: unknown, ctx: unknown): Promise<void>;
}

/** A batch of a platform's queue, as Cloudflare passes it to a Worker. */
export interface QueueBatch {
  readonly queue: string;
  readonly messages: readonly {
    readonly id: string;
    readonly body: unknown;
    /** 1 for the first delivery by the queue. */
    readonly attempts: number;
    ack(): void;
    retry(options?: { delaySeconds?: number }): void;
  }[];
}

/**
 * Where accepted messages live until they are handled. `accept` is the one thing that a receiver needs of it before
 * it answers; the other methods are optional.
 */
export interface Inbox {
  /**
   * Takes a message: resolves once it is stored as safely as this inbox can, or found to be a duplicate. Two
   * deliveries of one id, however close together, are one message.
   *
   * When it throws, rejects or takes longer than 8 s, the sender gets 503 and retries. Throw a {@link WebhookError} to
   * choose the code.
   */
  accept(message: AcceptedMessage): Acceptance | void | Promise<Acceptance | void>;
  /**
   * Takes a signed message that is not a valid event straight to the dead letters, and resolves once it is stored.
   * A message that is known already stays as it is. Without this method, such a delivery is refused.
   */
  acceptInvalid?(message: AcceptedMessage, error: WebhookError): Promise<Acceptance>;
  /** Called by a receiver when it is made: from then on the inbox runs the messages of that name. */
  attach?(receiver: AttachedReceiver): InboxAttachment;
  /** Whether the next message would have no room: asked before any work is spent on a delivery. */
  isFull?(): boolean;
  /**
   * Takes a message and runs it once, for `acknowledge: "after-handlers"`. After a failed run the id is free again;
   * copies that arrive meanwhile share the run. Throws only when the message could not be taken. Durable inboxes
   * have no such method: they acknowledge first.
   */
  acceptAndRun?(message: AcceptedMessage): RunningMessage;
}

/** An inbox whose messages survive the process: whatever was acknowledged is run, or ends in the dead letters. */
export interface DurableInbox extends Inbox {
  accept(message: AcceptedMessage): Promise<Acceptance>;
  acceptInvalid(message: AcceptedMessage, error: WebhookError): Promise<Acceptance>;
  attach(receiver: AttachedReceiver): InboxAttachment;
  /** Messages that the inbox does not run again by itself. Usable without a receiver, next to a live service. */
  readonly deadLetters: DeadLetters;
  /** How many messages are in which state, over all receivers and processes. */
  counts(): Promise<InboxCounts>;
  /** Disconnects from the engine. Closing the inbox's last receiver does this too. */
  close(): Promise<void>;
}

/** A message whose runs are exhausted, or that never was a valid event. */
export interface DeadLetter {
  /** The handle for `replay` and `discard`. */
  readonly id: string;
  readonly messageId: string;
  /** The receiver's name. */
  readonly receiver: string;
  /** Absent where the body is not a valid event. */
  readonly eventType?: string | undefined;
  /** The bytes that were signed. */
  readonly rawBody: Uint8Array;
  /** Runs since it was accepted, or last replayed; 0 where it was never run. */
  readonly runs: number;
  readonly reason: FailureReason;
  /** The last run's error, as text. */
  readonly error: string;
  readonly receivedAt: Date;
  readonly diedAt: Date;
}

/** The dead letters of a durable inbox. */
export interface DeadLetters {
  /**
   * A page of dead letters of all receivers, newest first.
   *
   * @param options.limit at most so many, 1 to 1000. Default 100.
   * @param options.after the `id` of the last one on the page before; it need not exist any more.
   * @throws WebhookError `invalid_option`
   */
  list(options?: { limit?: number | undefined; after?: string | undefined }): Promise<DeadLetter[]>;
  /**
   * Queues it again. Its runs start at 1.
   *
   * @throws WebhookError `dead_letter_not_found`
   */
  replay(id: string): Promise<void>;
  /**
   * Discards it for good: a resend of it is answered 200 and runs nothing.
   *
   * @throws WebhookError `dead_letter_not_found`
   */
  discard(id: string): Promise<void>;
  /**
   * Queues all those again that are dead when it is called, or those of them that fit.
   *
   * @param options.since died at this time or later.
   * @param options.until died before this time.
   * @param options.onProgress called after each message or batch.
   * @returns how many were queued.
   */
  replayAll(options?: {
    eventType?: string | undefined;
    reason?: FailureReason | undefined;
    since?: Date | undefined;
    until?: Date | undefined;
    onProgress?: ((progress: { readonly replayed: number; readonly total: number }) => void) | undefined;
  }): Promise<number>;
}

/** The numbers for a dashboard. */
export interface InboxCounts {
  /** Waiting for a run, retries too. */
  readonly pending: number;
  readonly running: number;
  /** Handled, as long as their ids are kept. */
  readonly done: number;
  readonly dead: number;
  /** How long the oldest pending message has been in the inbox, in seconds; 0 where none is pending. */
  readonly oldestPendingInSeconds: number;
}

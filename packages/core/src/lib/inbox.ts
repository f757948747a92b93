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
  readonly eventType: string;
  /** The name of the secret that matched, where the secrets were given by name. */
  readonly secretName?: string | undefined;
  /** What the receiver keeps beside a message for a run in this process. Never stored; absent after a restart. */
  readonly inProcess?: unknown;
}

/** How often a message has been tried. */
export interface RunAttempt {
  /** 1 for the first. */
  readonly run: number;
  /** Whether no further run follows if this one fails. */
  readonly final: boolean;
}

/** Runs a message's callbacks once. Rejects when the run failed. */
export type RunMessage = (message: AcceptedMessage, attempt: RunAttempt) => Promise<void>;

/** How the one run of a message ended, for `acknowledge: "after-handlers"`. */
export type RunOutcome =
  | { readonly succeeded: true }
  | { readonly succeeded: false; readonly error: unknown };

/** What {@link Inbox.accept} found. */
export interface Acceptance {
  /** Whether the message was there already: it is answered 200 and not run again. */
  readonly duplicate: boolean;
  /** Settles (never rejects) when the message is done or given up, where it runs in this process. */
  readonly runs?: Promise<unknown>;
}

/** An inbox's side of a receiver that it runs messages for. */
export interface InboxAttachment {
  /** Resolves when no accepted message of this receiver is waiting or running in this process. */
  idle(): Promise<void>;
  /** Lets accepted messages end, without further delays between their runs, and lets go of the receiver. */
  close(): Promise<void>;
}

/**
 * Where accepted messages live until they are handled. `accept` is the one thing that a receiver needs of it before
 * it answers; the other methods are looked for by name.
 */
export interface Inbox {
  /**
   * Takes a message: resolves once it is stored as safely as this inbox can, or found to be a duplicate. Two
   * deliveries of one id, however close together, are one message.
   *
   * When it throws or rejects, the sender is told 503 and tries again; a {@link WebhookError} gives the code.
   */
  accept(message: AcceptedMessage): Acceptance | void | Promise<Acceptance | void>;
  /** Called by a receiver when it is made: from then on the inbox runs the messages of that name. */
  attach?(receiver: { readonly name: string; readonly run: RunMessage }): InboxAttachment;
  /** Whether the next message would have no room: asked before any work is spent on a delivery. */
  isFull?(): boolean;
  /**
   * Takes a message and runs it once, for `acknowledge: "after-handlers"`. After a failed run the id is free again;
   * copies that arrive meanwhile share the run. Rejects only when the message could not be taken. Durable inboxes
   * have no such method: they acknowledge first.
   */
  acceptAndRun?(message: AcceptedMessage): Promise<RunOutcome>;
}

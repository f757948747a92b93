import type { FailureReason } from "./inbox.ts";

/** Which messages `messages.list` lists: those that fit all that is given. */
export interface MessageQuery {
  state?: MessageState | undefined;
  receiver?: string | undefined;
  eventType?: string | undefined;
  /** What the event is about: Diffio's generation. */
  subject?: string | undefined;
  /** Received at this time or later. */
  since?: Date | undefined;
  /** Received before this time. */
  until?: Date | undefined;
  /** At most so many, 1 to 1000. Default 100. */
  limit?: number | undefined;
  /** The `id` of the last one on the page before. */
  after?: string | undefined;
}

/** What a message is at: waiting for a run, running, handled, given up, or discarded by hand. */
export type MessageState = "pending" | "running" | "done" | "dead" | "discarded";

/** A message of a durable inbox. */
export interface MessageSummary {
  /** For `after`. */
  readonly id: string;
  readonly messageId: string;
  /** The receiver's name. */
  readonly receiver: string;
  readonly state: MessageState;
  /** Absent where the event names none, or the body is not a valid event. */
  readonly eventType?: string | undefined;
  readonly subject?: string | undefined;
  /** Runs since it was accepted, or last replayed. */
  readonly runs: number;
  readonly receivedAt: Date;
  /** When its last run began. */
  readonly startedAt?: Date | undefined;
  /** When it was done, died or was discarded. */
  readonly endedAt?: Date | undefined;
  /** The last failed run's error, as text. */
  readonly error?: string | undefined;
}

/** A message with all that is kept of it. */
export interface MessageDetails extends Omit<MessageSummary, "error"> {
  /** When the accepted attempt was signed. */
  readonly timestamp: Date;
  readonly secretName?: string | undefined;
  /** The bytes that were signed. Absent when they are not kept any more. */
  readonly rawBody?: Uint8Array | undefined;
  readonly reason?: FailureReason | undefined;
  /** The last failed run's error. Its name is empty where a callback threw something that is no error. */
  readonly error?:
    | { readonly name: string; readonly message: string; readonly stack?: string | undefined }
    | undefined;
}

/** Names a message's receiver, where several receivers may have taken the same id. */
export interface OfReceiver {
  receiver?: string | undefined;
}

/** The messages of a durable inbox, in any state. Usable without a receiver, next to a live service. */
export interface Messages {
  /**
   * A page of messages, newest first.
   *
   * @throws WebhookError `invalid_option`
   */
  list(query?: MessageQuery): Promise<MessageSummary[]>;
  /**
   * One message, or `undefined` where the id is not known.
   *
   * @throws WebhookError `invalid_option` where several receivers have it, and none is named.
   */
  get(messageId: string, options?: OfReceiver): Promise<MessageDetails | undefined>;
  /**
   * Runs it again, whatever became of it: its runs start at 1. One that waits is run now; one that runs goes on.
   *
   * @throws WebhookError `message_not_found`, also where its body is not kept any more; `invalid_option` as above.
   */
  replay(messageId: string, options?: OfReceiver): Promise<void>;
  /**
   * Deletes its body for good. Its id stays known: a resend is answered 200 and runs nothing.
   *
   * @throws WebhookError `message_not_found`; `invalid_option` as above.
   */
  remove(messageId: string, options?: OfReceiver): Promise<void>;
}

import type { FailureReason, InboxCounts } from "../inbox.ts";
import type { MessageState } from "../messages.ts";

// What crosses this interface is plain data: numbers, strings, arrays, null, and bodies as bytes. So a store may live in
// another thread, or behind a network. Times are milliseconds since the epoch, by the store's clock.

/** A message as a store keeps it. */
export interface StoredMessage {
  readonly receiver: string;
  readonly messageId: string;
  /** When the accepted attempt was signed. */
  readonly timestamp: number;
  readonly rawBody: Uint8Array;
  readonly eventType: string | null;
  readonly subject: string | null;
  readonly secretName: string | null;
}

/** A message that has just arrived. */
export interface Arrival extends StoredMessage {
  /** Whether there is a place for it here: it is stored as running, under the lease of its batch. */
  readonly start: boolean;
  /** Why it is not a valid event, as the message of a `WebhookError`: it is stored among the dead letters. */
  readonly invalid: string | null;
}

/** What became of an {@link Arrival}. */
export interface Stored {
  /** Whether the id was known, in a state other than dead (or, for an invalid one, in any): nothing has changed then. */
  readonly duplicate: boolean;
  /** For a duplicate: whether its body equals the stored one. Null where that is not known. */
  readonly sameBody: boolean | null;
  /** The row's number: it grows with each message that is stored. */
  readonly seq: number;
  /** Whether it is running under the lease of its batch. A store may say no to `start`. */
  readonly started: boolean;
}

/**
 * The right to run a message: given by `accept` and `claim`, and checked by `finish`. A lease lasts until its run is
 * finished or its owner is taken over. No clock is involved.
 */
export interface Lease {
  /** The process, as `register` numbered it. */
  readonly owner: number;
  /** The call that took it: different for each call of one owner. */
  readonly claim: number;
}

/** A run that goes on, of an owner that is named beside it. */
export interface HeldRun {
  readonly seq: number;
  readonly claim: number;
}

/** A message that may be run now. */
export interface ClaimedMessage extends StoredMessage {
  readonly seq: number;
  /** The run that begins; for an interrupted message, the one that its process died in. */
  readonly run: number;
  /**
   * Set if its last run died with its process, and nobody has been told yet: alone, or beside other runs. The latter does
   * not count.
   */
  readonly died: "alone" | "beside" | null;
}

/** How a run ended, as the store writes it down. */
export type Ending =
  | { readonly to: "done" }
  | {
      readonly to: "pending";
      readonly delayInMs: number;
      readonly reason: FailureReason;
      readonly error: StoredError;
    }
  | { readonly to: "dead"; readonly reason: FailureReason; readonly error: StoredError }
  /** As if the run had not begun. */
  | { readonly to: "released" };

/** A run's error, as it is kept. */
export interface StoredError {
  /** Empty where something was thrown that is no error, or was kept as one line by a version before. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

/** A run that has ended. */
export interface EndedRun {
  readonly seq: number;
  readonly lease: Lease;
  readonly ending: Ending;
}

/** A process that has registered. */
export interface Owner {
  readonly id: number;
  /** Grows with each `renew`. */
  readonly beat: number;
  /** Whether the store knows that the process is dead: by a lock that it held, for instance. */
  readonly gone: boolean;
}

/** What there is to do. */
export interface Outlook {
  /** The store's clock. */
  readonly now: number;
  /** The receivers, of those asked for, that have a message to claim now. */
  readonly due: readonly string[];
  /** Those that have one to claim alone. */
  readonly dueAlone: readonly string[];
  /** In how many milliseconds the next message of these receivers is due; null where none waits. */
  readonly nextDueInMs: number | null;
  /** Those that hold leases, but the one that asks; one that holds some without being registered is gone. */
  readonly owners: readonly Owner[];
  /** Whether other processes may be there to run something. */
  readonly hasOthers: boolean;
  /** Receivers that are paused; `null` among them stands for all. */
  readonly paused: readonly (string | null)[];
}

/** Which messages to look at. Null stands for any. */
export interface MessageFilter {
  readonly state: MessageState | null;
  readonly receiver: string | null;
  readonly messageId: string | null;
  readonly eventType: string | null;
  readonly subject: string | null;
  /** Received at this time or later. */
  readonly since: number | null;
  /** Received before this time. */
  readonly until: number | null;
}

/** What is known of a message, without its body. */
export interface MessageRecord {
  readonly seq: number;
  readonly receiver: string;
  readonly messageId: string;
  readonly state: MessageState;
  readonly timestamp: number;
  readonly eventType: string | null;
  readonly subject: string | null;
  readonly secretName: string | null;
  readonly runs: number;
  readonly receivedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly reason: FailureReason | null;
  readonly error: StoredError | null;
}

/** A message that is dead: where it stands among the dead letters, newest first. */
export interface DeadPlace {
  readonly diedAt: number;
  readonly seq: number;
}

/** Which dead letters to look at. Null stands for any. */
export interface DeadFilter {
  readonly eventType: string | null;
  readonly reason: FailureReason | null;
  /** Died at this time or later. */
  readonly since: number | null;
  /** Died before this time. */
  readonly until: number | null;
}

/** How far a round of pruning has come: a store's own note, opaque to the loop. */
export type PruneProgress = readonly (string | number)[];

/**
 * An inbox's engine, as {@link createStoreInbox} uses it: statements over one table of messages, keyed by (receiver,
 * messageId), and a small one of owners. Each method is one transaction, committed when its promise resolves; a rejected
 * one may or may not have been committed. Every promise settles within some seconds.
 *
 * A store that has been asked for `serialBy: "subject"` lets only one message of a receiver and subject be due or running at
 * a time, the earliest.
 *
 * States: `pending → running → done | dead | discarded`. A message is due when it is pending and its time has come. One
 * whose runs have died twice beside others (see `takeOver`) is only claimed alone.
 */
export interface MessageStore {
  /**
   * Stores messages that are not known, or dead: those are replaced. No two arrivals of one call have the same key.
   *
   * @param lease for those with `start`; null where none has it.
   */
  accept(arrivals: readonly Arrival[], lease: Lease | null): Promise<readonly Stored[]>;
  /**
   * Takes messages that are due, of each receiver up to its limit, the longest due first, and makes them running. Skips
   * paused receivers, and rows that another process is just taking.
   *
   * @param alone takes one message that must run alone, and no other.
   * @returns null if the owner has been taken over.
   */
  claim(
    wanted: readonly { readonly receiver: string; readonly limit: number }[],
    lease: Lease,
    alone: boolean,
  ): Promise<readonly ClaimedMessage[] | null>;
  /** Writes down how runs ended, of those whose lease still stands. Resolves to whether it did, for each. */
  finish(ended: readonly EndedRun[]): Promise<readonly boolean[]>;

  /**
   * Runs callbacks inside a transaction that also writes "done", so that both are committed together or not at all. Left
   * out where the user has not asked for it.
   *
   * @param work resolves to whether the callbacks have succeeded: if not, nothing is committed.
   * @returns whether it was committed: not if the callbacks failed, or the lease is gone.
   */
  transact?(
    run: { readonly seq: number; readonly lease: Lease },
    work: (transaction: unknown) => Promise<boolean>,
  ): Promise<boolean>;

  /** Registers a process, which may then hold leases. */
  register(): Promise<number>;
  /**
   * Says that an owner lives: its beat grows. Releases what it does not hold, since an answer to it was lost.
   *
   * @param held the runs that go on.
   * @param settledBefore all claims below this one have been answered: what they took and is not held is released.
   * @returns those of them whose lease is gone, or null if the owner has been taken over.
   */
  renew(owner: number, held: readonly HeldRun[], settledBefore: number): Promise<readonly HeldRun[] | null>;
  /**
   * Removes an owner that is dead, unless its beat has changed. Its messages are pending again, due now: if there was one,
   * it died alone; if there were several, each died beside others, and its run does not count.
   */
  takeOver(owner: Owner): Promise<void>;
  /** Removes an owner that ends. What it still holds is released. */
  leave(owner: number): Promise<void>;

  look(receivers: readonly string[], owner: number | null): Promise<Outlook>;
  /** Whether a message of this receiver is pending or running. */
  isActive(receiver: string): Promise<boolean>;
  /**
   * The store's clock has been set back: a message that became pending at a time still to come did so now.
   *
   * @param byMs how far, so that ages stay right; 0 where that is not known.
   */
  clockSetBack(byMs: number): Promise<void>;
  /** At the same cost for any number of messages. */
  counts(): Promise<InboxCounts>;

  /** Newest first; after that number, where there is one. */
  list(filter: MessageFilter, limit: number, after: number | null): Promise<readonly MessageRecord[]>;
  /** The body of a message; null where it is not kept any more. */
  body(seq: number): Promise<Uint8Array | null>;
  /** Makes a message pending, due now, with its runs starting at 1. One that is running stays so. False without a body. */
  requeue(seq: number): Promise<boolean>;
  /** Deletes a message's body, and makes it discarded. */
  remove(seq: number): Promise<boolean>;

  listDead(limit: number, after: DeadPlace | null): Promise<readonly (MessageRecord & StoredMessage)[]>;
  /** False where it is not dead, or died at another time. */
  replay(place: DeadPlace): Promise<boolean>;
  discard(place: DeadPlace): Promise<boolean>;
  /** How many dead letters fit, and the place of the newest. */
  countDead(filter: DeadFilter): Promise<{ readonly total: number; readonly newest: DeadPlace | null }>;
  /** Makes the oldest ones that fit pending again, up to `newest`. Resolves to how many. */
  replayOldest(filter: DeadFilter, newest: DeadPlace, limit: number): Promise<number>;

  /** Pauses a receiver, or all with null: nothing of it is claimed or started. */
  pause(receiver: string | null): Promise<void>;
  resume(receiver: string | null): Promise<void>;

  /**
   * One bounded step of deleting what has been kept long enough: ids of ended messages, then bodies of done and discarded
   * ones. Resolves to what the next step starts from, or null when the round is over.
   */
  prune(
    keep: { readonly idsInMs: number; readonly bodiesInMs: number },
    from: PruneProgress | null,
  ): Promise<PruneProgress | null>;

  /**
   * Tells of what another process left, where the engine can, until `close`. The loop looks every second anyway.
   *
   * @param onWork called with the receiver that has work; null for any.
   */
  watch?(onWork: (receiver: string | null) => void): void;
  /**
   * Called after messages were left for others: tells their processes, outside of any other transaction.
   *
   * @param receivers those that have work; null among them stands for any.
   */
  notify?(receivers: readonly (string | null)[]): Promise<void>;
  /** Disconnects. The next call connects again. */
  close(): Promise<void>;
}

import type { FailureReason } from "@diffio-webhooks/core";

/** A message's row and the lease on it: only who names both may say how its run ended. */
export interface Lease {
  readonly seq: number;
  /** Drawn anew for each lease. */
  readonly token: number;
}

/** A message as it is stored. */
export interface StoredMessage {
  readonly receiver: string;
  readonly messageId: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly rawBody: Uint8Array;
  readonly eventType: string | null;
  readonly secretName: string | null;
}

/** A message that this process may run now. */
export interface LeasedMessage extends StoredMessage, Lease {
  /** The run that the lease is for; where one was interrupted, that one. */
  readonly run: number;
  /** When a lease that nobody renewed ran out; null where the message was waiting. */
  readonly expiredAt: number | null;
}

/** How a run ended, as it is written down. */
export type Ending =
  | { readonly to: "done" }
  | { readonly to: "pending"; readonly delayInMs: number }
  | { readonly to: "dead"; readonly reason: FailureReason; readonly error: string }
  /** Given back: as if the run had not begun. */
  | { readonly to: "released" };

/** A place in the list of dead letters, which is also the handle of the one that lies there. */
export interface DeadLetterPlace {
  readonly diedAt: number;
  readonly seq: number;
}

/** A dead letter as it is stored. */
export interface StoredDeadLetter extends StoredMessage, DeadLetterPlace {
  readonly runs: number;
  readonly reason: FailureReason;
  readonly error: string;
  readonly receivedAt: number;
}

/** How far a round of pruning has come. */
export interface PruneProgress {
  readonly step: "ids" | "bodies";
  readonly afterSeq: number;
}

/** What the database can be asked, and what it answers. Plain data: it goes from thread to thread. */
export interface Operations {
  /** Stores a message that is not known, or dead; runs it here at once where `lease` says that there is room. */
  accept: {
    ask: StoredMessage & { readonly lease: boolean };
    answer: { readonly duplicate: boolean; readonly seq: number; readonly token: number | null };
  };
  /** Stores a message that is not known among the dead letters. */
  acceptInvalid: {
    ask: StoredMessage & { readonly error: string };
    answer: { readonly duplicate: boolean };
  };
  /** Looks for messages that could be leased now. */
  due: {
    ask: { readonly receivers: readonly string[] };
    answer: { readonly due: boolean; readonly nextDueAt: number | null };
  };
  /** Leases messages that are due, or whose lease nobody has renewed. */
  lease: {
    ask: { readonly receivers: readonly string[]; readonly limit: number };
    answer: {
      readonly leased: readonly LeasedMessage[];
      readonly more: boolean;
      readonly nextDueAt: number | null;
    };
  };
  /** Ends a lease. `held` is false where it had passed to another process: then nothing has changed. */
  finish: {
    ask: Lease & { readonly ending: Ending };
    answer: { readonly held: boolean; readonly dueAt: number | null };
  };
  /** Whether a message of this receiver is pending or running, in any process. */
  active: { ask: { readonly receiver: string }; answer: boolean };
  counts: {
    ask: object;
    answer: {
      readonly pending: number;
      readonly running: number;
      readonly done: number;
      readonly dead: number;
      readonly oldestPendingInSeconds: number;
    };
  };
  listDead: {
    ask: { readonly limit: number; readonly after: DeadLetterPlace | null };
    answer: readonly StoredDeadLetter[];
  };
  /** False where it is not dead, or died at another time. */
  replay: { ask: DeadLetterPlace; answer: boolean };
  discard: { ask: DeadLetterPlace; answer: boolean };
  /** How many are dead, and the place of the newest. */
  countDead: { ask: object; answer: { readonly total: number; readonly newest: DeadLetterPlace | null } };
  /** Replays the oldest dead letters, up to `newest`. */
  replayOldest: {
    ask: { readonly newest: DeadLetterPlace; readonly limit: number };
    answer: { readonly replayed: number };
  };
  /** One bounded step of forgetting what has been kept long enough; no next one when the round is over. */
  prune: {
    ask: PruneProgress & { readonly idsBefore: number; readonly bodiesBefore: number };
    answer: { readonly next: PruneProgress | null };
  };
}

/** The name of an operation. */
export type OperationName = keyof Operations;

/** An operation with what it needs. */
export type Request = {
  [Name in OperationName]: { readonly operation: Name; readonly ask: Operations[Name]["ask"] };
}[OperationName];

/** Operations that only read need no lock. */
export const READS: ReadonlySet<OperationName> = new Set<OperationName>([
  "due",
  "active",
  "counts",
  "listDead",
  "countDead",
]);

/** What makes a database unusable for the moment. */
export type FailureKind =
  | "locked"
  | "full"
  | "io"
  | "read_only"
  | "corrupt"
  | "not_a_database"
  | "foreign"
  | "newer"
  | "no_folder"
  | "cannot_open"
  | "no_wal"
  | "crashed"
  | "late"
  | "other";

/** A failure, on its way from thread to thread. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** What the worker is started with. */
export interface WorkerOptions {
  readonly path: string;
  readonly leaseInMs: number;
  /** Leases of runs that go on since before a worker died. */
  readonly leases: readonly Lease[];
}

/** What the worker answers. */
export interface FromWorker {
  /** The answers to a message's requests, in their order; null where one has failed. */
  readonly answers: readonly unknown[];
  /** Why there are requests without an answer: nothing of them has been done. */
  readonly failure?: Failure;
  /** Leases that have passed to another process. */
  readonly lost: readonly Lease[];
}

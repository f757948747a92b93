import type { MessageStore } from "@diffio-webhooks/core/inbox";

/** What the worker does: the calls of a message store that need the database. */
export type OperationName = Exclude<keyof MessageStore, "transact" | "watch" | "notify" | "close">;

/** The same, as the worker does them: at once. */
export type Operations = {
  [Name in OperationName]: (
    ...args: Parameters<MessageStore[Name]>
  ) => Awaited<ReturnType<MessageStore[Name]>>;
};

/** A call, on its way to the worker. */
export type Request = {
  [Name in OperationName]: { readonly operation: Name; readonly args: Parameters<MessageStore[Name]> };
}[OperationName];

/** Operations that only read need no lock. */
export const READS: ReadonlySet<OperationName> = new Set<OperationName>([
  "look",
  "isActive",
  "counts",
  "list",
  "body",
  "listDead",
  "countDead",
]);

/** Operations that have time to wait for others to share a transaction with: "done" is committed within a second. */
export const LINGERS: ReadonlySet<OperationName> = new Set<OperationName>(["finish", "look", "prune"]);

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

/** An owner, and the file that its process has locked for as long as it lives. */
export interface LockedOwner {
  readonly id: number;
  readonly lock: string | null;
}

/** What the worker is started with. */
export interface WorkerOptions {
  readonly path: string;
  readonly leaseInMs: number;
  /** Whether messages about one subject run one at a time. */
  readonly isSerial: boolean;
  /** The owner whose runs go on since before a worker died. */
  readonly owner: LockedOwner | null;
}

/** What the worker answers. */
export interface FromWorker {
  /** The answers to a message's requests, in their order. */
  readonly answers: readonly Answer[];
  /** Why there are requests without an answer: nothing of them has been done. */
  readonly failure?: Failure;
  /** The owner that this worker has registered. */
  readonly owner: LockedOwner | null;
}

/** What one request came to; null where it was not done. */
export type Answer = { readonly value: unknown } | null;

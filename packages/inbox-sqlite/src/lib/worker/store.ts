import type { StatementSync } from "node:sqlite";
import type { FromWorker, Lease, Operations, Request, WorkerOptions } from "../operations.ts";
import { READS } from "../operations.ts";
import { acceptOperations } from "./accept.ts";
import { countOperations } from "./counts.ts";
import { type Database, openDatabase, rollback } from "./database.ts";
import { deadLetterOperations } from "./dead-letters.ts";
import { toFailure } from "./failure.ts";
import { finishOperation } from "./finish.ts";
import { leaseOperations } from "./lease.ts";
import { pruneOperation } from "./prune.ts";
import { sleep } from "./sleep.ts";

/** How long one transaction waits for another process's lock; who asked decides whether to try again. */
const LOCK_WAIT_MS = 1000;
const RENEWAL_LOCK_WAIT_MS = 50;
const FIRST_PAUSE_MS = 0.3;
const LONGEST_PAUSE_MS = 15;

type Handlers = { [Name in keyof Operations]: (ask: Operations[Name]["ask"]) => Operations[Name]["answer"] };

interface Opened extends Database {
  readonly beginReading: StatementSync;
  readonly beginWriting: StatementSync;
  readonly commit: StatementSync;
  readonly handlers: Handlers;
  /** Moves a lease's end; false where it has passed to another process. */
  renew(lease: Lease, until: number): boolean;
}

/** The database behind the messages: opened when it is first needed, and anew after it has failed. */
export interface Store {
  /** Does all that is asked in one transaction; or none of it but what only reads, where another process has the lock. */
  execute(requests: readonly Request[]): FromWorker;
  /** Renews leases where it is time to; gives those that have passed to another process. */
  renew(): readonly Lease[];
  close(): void;
}

/** Makes the store. It renews the leases of its process's runs, even while that process's own thread is blocked. */
export function createStore({ path, leaseInMs, leases }: WorkerOptions): Store {
  const held = new Map<number, Lease>(leases.map((lease) => [lease.seq, lease]));
  let renewedAt = 0;
  let opened: Opened | undefined;

  function open(): Opened {
    const database = openDatabase(path);
    const { sqlite } = database;
    const renewal = sqlite.prepare("UPDATE messages SET wake_at = ? WHERE seq = ? AND token = ?");
    return {
      ...database,
      beginReading: sqlite.prepare("BEGIN"),
      beginWriting: sqlite.prepare("BEGIN IMMEDIATE"),
      commit: sqlite.prepare("COMMIT"),
      handlers: {
        ...acceptOperations(sqlite, leaseInMs),
        ...leaseOperations(sqlite, leaseInMs),
        finish: finishOperation(sqlite),
        ...countOperations(sqlite),
        ...deadLetterOperations(sqlite),
        prune: pruneOperation(sqlite),
      },
      renew: ({ seq, token }, until) => renewal.run(until, seq, token).changes === 1,
    };
  }

  function close(): void {
    const closing = opened;
    opened = undefined;
    try {
      closing?.close();
    } catch {
      // It is given up anyway.
    }
  }

  function mustRenew(now: number): boolean {
    return held.size > 0 && now - renewedAt >= leaseInMs / 3;
  }

  function transact(requests: readonly Request[]): { answers: unknown[]; lost: Lease[] } {
    if (opened?.isMoved()) close();
    opened ??= open();
    const { sqlite, handlers, beginReading, beginWriting, commit, checkVersion, renew, afterCommit } = opened;
    const now = Date.now();
    const reading = requests.length > 0 && requests.every(isRead);
    const renewing = !reading && mustRenew(now);
    let committed: { answers: unknown[]; lost: Lease[] };
    (reading ? beginReading : beginWriting).run();
    try {
      checkVersion();
      // First of all: a lease of ours that has run out must not be taken for one of a process that died.
      const lost = renewing
        ? Array.from(held.values()).filter((lease) => !renew(lease, now + leaseInMs))
        : [];
      const answers = requests.map(({ operation, ask }) => handlers[operation](ask as never));
      commit.run();
      if (renewing) renewedAt = now;
      committed = { answers, lost };
    } catch (error) {
      rollback(sqlite);
      throw error;
    }
    afterCommit();
    return committed;
  }

  /** The same, as soon as no other process has the lock; for a while. */
  function transactInTime(requests: readonly Request[], lockWaitMs: number): FromWorker {
    const end = performance.now() + lockWaitMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      try {
        const { answers, lost } = transact(requests);
        for (const { seq } of lost) held.delete(seq);
        requests.forEach((request, index) => note(held, request, answers[index]));
        return { answers, lost };
      } catch (error) {
        const failure = toFailure(error);
        if (failure.kind !== "locked" || performance.now() > end) return { answers: [], failure, lost: [] };
      }
      // At random, so that processes that wait for each other do not do so in step.
      sleep(pause * (0.5 + Math.random()));
    }
  }

  return {
    execute(requests) {
      const result = transactInTime(requests, LOCK_WAIT_MS);
      if (!result.failure) return result;
      // A full disk may have room again soon, and a lock is somebody else's: all else may be mended by a new start.
      if (result.failure.kind !== "full" && result.failure.kind !== "locked") close();
      const reads = requests.filter(isRead);
      if (result.failure.kind !== "locked" || reads.length === 0) return result;
      const { answers } = transactInTime(reads, 0);
      return { ...result, answers: requests.map((request) => answers[reads.indexOf(request)] ?? null) };
    },
    renew() {
      return mustRenew(Date.now()) ? transactInTime([], RENEWAL_LOCK_WAIT_MS).lost : [];
    },
    close,
  };
}

function isRead({ operation }: Request): boolean {
  return READS.has(operation);
}

/** Keeps track of which leases this process holds. */
function note(held: Map<number, Lease>, request: Request, answer: unknown): void {
  if (request.operation === "finish") {
    const { seq, token } = request.ask;
    if (held.get(seq)?.token === token) held.delete(seq);
  } else if (request.operation === "accept") {
    const { seq, token } = answer as Operations["accept"]["answer"];
    if (token !== null) held.set(seq, { seq, token });
  } else if (request.operation === "lease") {
    for (const { seq, token } of (answer as Operations["lease"]["answer"]).leased)
      held.set(seq, { seq, token });
  }
}

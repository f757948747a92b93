import type { StatementSync } from "node:sqlite";
import type { Answer, FromWorker, Operations, Request, WorkerOptions } from "../operations.ts";
import { READS } from "../operations.ts";
import { acceptOperation } from "./accept.ts";
import { claimOperation } from "./claim.ts";
import { Counts } from "./counts.ts";
import { type Database, openDatabase, rollback } from "./database.ts";
import { deadLetterOperations } from "./dead-letters.ts";
import { toFailure } from "./failure.ts";
import { finishOperation } from "./finish.ts";
import { createOwnLock } from "./lock.ts";
import { lookOperations } from "./look.ts";
import { messageOperations } from "./messages.ts";
import { type Owners, ownerOperations } from "./owners.ts";
import { pruneOperation } from "./prune.ts";
import { createSerial } from "./serial.ts";
import { sleep } from "./sleep.ts";

/** How long one transaction waits for another process's lock; who asked decides whether to try again. */
const LOCK_WAIT_MS = 1000;
const BEAT_LOCK_WAIT_MS = 50;
const FIRST_PAUSE_MS = 0.3;
const LONGEST_PAUSE_MS = 15;

interface Opened extends Database {
  readonly beginReading: StatementSync;
  readonly beginWriting: StatementSync;
  readonly commit: StatementSync;
  readonly counts: Counts;
  readonly owners: Owners;
  readonly operations: Operations;
}

/** The database behind the messages: opened when it is first needed, and anew after it has failed. */
export interface Store {
  /** Does all that is asked in one transaction; or none of it but what only reads, where another process has the lock. */
  execute(requests: readonly Request[]): FromWorker;
  /** Says that this process lives, where it is time to. */
  beat(): void;
  close(): void;
}

/** Makes the store. It keeps the leases of its process's runs, even while that process's own thread is blocked. */
export function createStore({ path, leaseInMs, owner, isSerial }: WorkerOptions): Store {
  let opened: Opened | undefined;
  let own = owner;
  const lock = createOwnLock(path);

  function open(): Opened {
    const database = openDatabase(path);
    const { sqlite } = database;
    const counts = new Counts(sqlite);
    const serial = createSerial(sqlite, isSerial);
    const connection = { sqlite, counts, serial };
    const owners = ownerOperations(connection, { path, leaseInMs, owner: own, lock });
    return {
      ...database,
      beginReading: sqlite.prepare("BEGIN"),
      beginWriting: sqlite.prepare("BEGIN IMMEDIATE"),
      commit: sqlite.prepare("COMMIT"),
      counts,
      owners,
      operations: {
        accept: acceptOperation(connection, owners),
        claim: claimOperation(connection, owners),
        finish: finishOperation(connection),
        counts: () => counts.read(),
        ...owners,
        ...lookOperations(connection, path),
        ...messageOperations(connection),
        ...deadLetterOperations(connection),
        prune: pruneOperation(connection, owners),
      },
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

  function transact(requests: readonly Request[], beats: boolean): readonly unknown[] {
    if (opened?.isMoved()) close();
    opened ??= open();
    const { sqlite, operations, owners, counts, beginReading, beginWriting, commit, checkVersion } = opened;
    (!beats && requests.every(isRead) ? beginReading : beginWriting).run();
    let values: readonly unknown[];
    try {
      checkVersion();
      if (beats) owners.beat();
      values = requests.map(({ operation, args }) => Reflect.apply(operations[operation], undefined, args));
      counts.write();
      commit.run();
    } catch (error) {
      rollback(sqlite);
      counts.forget();
      throw error;
    }
    own = owners.own;
    opened.afterCommit();
    return values;
  }

  /** The same, as soon as no other process has the lock; for a while. */
  function transactInTime(requests: readonly Request[], beats: boolean, lockWaitMs: number): FromWorker {
    const end = performance.now() + lockWaitMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      try {
        const values = transact(requests, beats);
        return { answers: values.map((value): Answer => ({ value: value ?? null })), owner: own };
      } catch (error) {
        const failure = toFailure(error);
        if (failure.kind !== "locked" || performance.now() > end) return { answers: [], failure, owner: own };
      }
      // At random, so that processes that wait for each other do not do so in step.
      sleep(pause * (0.5 + Math.random()));
    }
  }

  return {
    execute(requests) {
      const result = transactInTime(requests, false, LOCK_WAIT_MS);
      if (!result.failure) return result;
      // A full disk may have room again soon, and a lock is somebody else's: all else may be fixed by a new start.
      if (result.failure.kind !== "full" && result.failure.kind !== "locked") close();
      const reads = requests.filter(isRead);
      if (result.failure.kind !== "locked" || reads.length === 0) return result;
      const { answers } = transactInTime(reads, false, 0);
      return { ...result, answers: requests.map((request) => answers[reads.indexOf(request)] ?? null) };
    },
    beat() {
      try {
        if (opened?.owners.mustBeat()) transactInTime([], true, BEAT_LOCK_WAIT_MS);
      } catch {
        // The next one may succeed: there are several in a lease.
      }
    },
    close() {
      close();
      lock.release();
    },
  };
}

function isRead({ operation }: Request): boolean {
  return READS.has(operation);
}

import { randomBytes } from "node:crypto";
import type { LockedOwner, Operations } from "../operations.ts";
import type { Connection } from "./connection.ts";
import { type OwnLock, isLockFree, removeLock } from "./lock.ts";
import { DIED, STATE } from "./schema.ts";

type OwnerOperations = Pick<Operations, "register" | "renew" | "takeOver" | "leave">;

/** The processes that hold leases. */
export interface Owners extends OwnerOperations {
  /** Whether leases may be taken in this owner's name: it lives, and says so if it has not for a while. */
  mayRun(owner: number): boolean;
  /** The owner that was registered here. */
  readonly own: LockedOwner | null;
  /** Removes rows of processes that died without holding a lease. */
  prune(): void;
  /** Whether it is time to say that this process lives: only if it holds leases. */
  mustBeat(): boolean;
  beat(): void;
}

interface OwnersParts {
  readonly path: string;
  readonly leaseInMs: number;
  /** The owner whose runs go on since before the database was opened. */
  readonly owner: LockedOwner | null;
  readonly lock: OwnLock;
}

/** Makes the owners' operations. */
export function ownerOperations(
  { sqlite, counts, serial }: Connection,
  { path, leaseInMs, owner, lock }: OwnersParts,
): Owners {
  const insert = sqlite.prepare("INSERT INTO owners (beat, lock) VALUES (0, ?)");
  const beat = sqlite.prepare("UPDATE owners SET beat = beat + 1 WHERE id = ?");
  const holds = sqlite.prepare(`SELECT 1 FROM messages WHERE state = ${STATE.running} AND owner = ? LIMIT 1`);
  const heldBy = sqlite.prepare(
    `SELECT seq, claim FROM messages WHERE state = ${STATE.running} AND owner = ?`,
  );
  const release = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.pending}, run = run - 1, due_at = ?, since = ?, owner = NULL, claim = NULL ` +
      `WHERE state = ${STATE.running} AND seq = ?`,
  );
  const died = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.pending}, died = ?, run = run - ?, besides = besides + ?, due_at = ?, since = ?, ` +
      `owner = NULL, claim = NULL WHERE state = ${STATE.running} AND owner = ?`,
  );
  const lockOf = sqlite.prepare("SELECT lock FROM owners WHERE id = ? AND beat = ?");
  const all = sqlite.prepare("SELECT id, beat, lock FROM owners");
  const isKnown = sqlite.prepare("SELECT 1 FROM owners WHERE id = ?");
  const remove = sqlite.prepare("DELETE FROM owners WHERE id = ?");
  let own = owner;
  if (owner?.lock) lock.hold(owner.lock);
  let beatAt = performance.now();

  function isBeatDue(): boolean {
    return performance.now() - beatAt >= leaseInMs / 3;
  }

  function sayAlive(id: number): boolean {
    const isThere = beat.run(id).changes === 1;
    beatAt = performance.now();
    return isThere;
  }

  function releaseAll(rows: readonly { readonly seq: number }[]): void {
    const now = Date.now();
    for (const { seq } of rows) release.run(now, now, seq);
    counts.moved(STATE.running, STATE.pending, rows.length);
  }

  return {
    get own() {
      return own;
    },
    register() {
      const name = randomBytes(6).toString("hex");
      const locked = lock.hold(name) ? name : null;
      own = { id: Number(insert.run(locked).lastInsertRowid), lock: locked };
      beatAt = performance.now();
      serial.repair();
      return own.id;
    },
    mayRun: (id) => !isBeatDue() || sayAlive(id),
    renew(id, held, settledBefore) {
      const rows = heldBy.all(id) as unknown as { seq: number; claim: number }[];
      const isThere = rows.length + held.length === 0 ? isKnown.get(id) !== undefined : sayAlive(id);
      if (!isThere) {
        if (own?.id === id) own = null;
        return null;
      }
      const key = (one: { seq: number; claim: number }): string => `${one.seq} ${one.claim}`;
      const [known, kept] = [new Set(held.map(key)), new Set(rows.map(key))];
      releaseAll(rows.filter((row) => row.claim < settledBefore && !known.has(key(row))));
      return held.filter((one) => !kept.has(key(one)));
    },
    takeOver({ id, beat: seen }) {
      const row = lockOf.get(id, seen);
      const rows = heldBy.all(id);
      // An owner without a row holds leases that were committed after it had been taken over.
      if (!row && isKnown.get(id)) return;
      const alone = rows.length === 1;
      const now = Date.now();
      died.run(alone ? DIED.alone : DIED.beside, alone ? 0 : 1, alone ? 0 : 1, now, now, id);
      counts.moved(STATE.running, STATE.pending, rows.length);
      remove.run(id);
      if (typeof row?.["lock"] === "string") removeLock(path, row["lock"]);
    },
    leave(id) {
      releaseAll(heldBy.all(id) as unknown as { seq: number }[]);
      remove.run(id);
      if (own?.id !== id) return;
      lock.release();
      own = null;
    },
    mustBeat: () => own !== null && isBeatDue() && holds.get(own.id) !== undefined,
    beat() {
      if (own) sayAlive(own.id);
    },
    prune() {
      for (const { id, lock: name } of all.all()) {
        if (id === own?.id || typeof name !== "string" || holds.get(Number(id)) || !isLockFree(path, name))
          continue;
        remove.run(Number(id));
        removeLock(path, name);
      }
    },
  };
}

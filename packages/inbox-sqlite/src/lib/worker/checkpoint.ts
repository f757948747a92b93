import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

/** Pages (of 4 KiB) in the log before they go into the database: fewer and longer checkpoints than SQLite's 1000. */
const CHECKPOINT_PAGES = 4000;
const PAGE_BYTES = 4096;
const LOCK_WAIT_MS = 10_000;

/**
 * Sees to it that the log does not grow without end.
 *
 * @returns to be called after each commit; it never throws, since what is committed is committed.
 */
export function checkpointing(sqlite: DatabaseSync, path: string): () => void {
  const { version } = sqlite.prepare("SELECT sqlite_version() AS version").get() ?? {};
  if (!hasWalResetBug(String(version))) {
    sqlite.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return () => {};
  }
  sqlite.exec("PRAGMA wal_autocheckpoint = 0");
  return () => {
    try {
      if (statSync(`${path}-wal`).size > CHECKPOINT_PAGES * PAGE_BYTES) checkpointAlone(sqlite);
    } catch {
      // Tried again after the next commit.
    }
  };
}

/**
 * Up to 3.51.2, SQLite may take pages for copied that are not, and so lose commits, where one connection copies the log
 * into the database while another commits (https://sqlite.org/wal.html#walresetbug). Fixed in 3.51.3, 3.50.7 and
 * 3.44.6.
 */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  if (major !== 3) return major < 3;
  const fixed: Readonly<Record<number, number>> = { 44: 6, 50: 7, 51: 3 };
  return minor < 52 && patch < (fixed[minor] ?? Number.POSITIVE_INFINITY);
}

/** Copies the log into the database while nobody else can commit: slower than SQLite's own way. */
export function checkpointAlone(sqlite: DatabaseSync): void {
  // Without the lock it would be a checkpoint beside others' commits.
  sqlite.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`);
  try {
    sqlite.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    sqlite.exec("PRAGMA busy_timeout = 0");
  }
}

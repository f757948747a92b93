import { existsSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { loadSqlite } from "./database.ts";

// A lock of the operating system's, which it releases when the process ends, however it ends. SQLite takes it on an empty
// file of each process, beside the database: Node has no locks of its own.

const fileOf = (path: string, name: string): string => `${path}-lock-${name}`;

/** The lock of this process: held however often the database is opened anew. */
export interface OwnLock {
  /** False where there is no place for the file: others then wait for the lease of this process when it dies. */
  hold(name: string): boolean;
  release(): void;
}

export function createOwnLock(path: string): OwnLock {
  let held: { readonly name: string; readonly connection: DatabaseSync } | undefined;

  function release(): void {
    held?.connection.close();
    if (held) removeLock(path, held.name);
    held = undefined;
  }

  return {
    hold(name) {
      if (held?.name === name) return true;
      release();
      const connection = lockFile(fileOf(path, name));
      if (connection) held = { name, connection };
      return connection !== undefined;
    },
    release,
  };
}

/** Whether the process that held the lock is dead. Not so where the file is gone: nothing can be said then. */
export function isLockFree(path: string, name: string): boolean {
  const file = fileOf(path, name);
  if (!existsSync(file)) return false;
  const connection = lockFile(file);
  connection?.close();
  return connection !== undefined;
}

function lockFile(file: string): DatabaseSync | undefined {
  let connection: DatabaseSync | undefined;
  try {
    connection = new (loadSqlite().DatabaseSync)(file);
    connection.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
    return connection;
  } catch {
    connection?.close();
    return undefined;
  }
}

export function removeLock(path: string, name: string): void {
  try {
    rmSync(fileOf(path, name), { force: true });
  } catch {
    // An empty file that stays does no harm.
  }
}

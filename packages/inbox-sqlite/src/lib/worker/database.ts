import { accessSync, closeSync, constants, fsyncSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { checkpointing } from "./checkpoint.ts";
import { StoreFailure } from "./failure.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";

const LOG_LIMIT_BYTES = 64 * 2 ** 20;

/** An open database. */
export interface Database {
  readonly sqlite: DatabaseSync;
  /** Whether the file is no longer the one that its path leads to: what is written to it would be lost. */
  isMoved(): boolean;
  /** Throws where another process has brought the schema to a version that this one does not know. */
  checkVersion(): void;
  /** To be called after each commit. */
  afterCommit(): void;
  close(): void;
}

/**
 * Opens the file, makes it where there is none (readable and writable by its owner only; SQLite gives the files beside
 * it the same mode), and brings its schema up to date.
 *
 * @throws StoreFailure, or an error of SQLite's or of the file system's.
 */
export function openDatabase(path: string): Database {
  makeFile(path);
  const sqlite = new (loadSqlite().DatabaseSync)(path);
  try {
    // Waiting for a lock is done by who opens and by the transactions, in finer steps than SQLite's.
    sqlite.exec("PRAGMA busy_timeout = 0");
    checkOwner(sqlite, path);
    const mode = sqlite.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
    if (mode !== "wal")
      throw new StoreFailure("no_wal", `SQLite keeps ${path} in journal mode ${String(mode)}.`);
    sqlite.exec(`PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${LOG_LIMIT_BYTES}`);
    migrate(sqlite, path);
    syncFolder(path);
    warnOfOthers(path);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  const opened = statSync(path);
  const version = sqlite.prepare("PRAGMA user_version");
  return {
    sqlite,
    isMoved() {
      const now = statSync(path, { throwIfNoEntry: false });
      return now === undefined || now.ino !== opened.ino || now.dev !== opened.dev;
    },
    afterCommit: checkpointing(sqlite, path),
    checkVersion: () => checkVersion(Number(version.get()?.["user_version"]), path),
    close: () => sqlite.close(),
  };
}

function makeFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // SQLite would open it to be read, and say so at the first commit only.
    for (const needed of [path, dirname(path)]) accessSync(needed, constants.W_OK);
  }
}

let hasWarned = false;

/** Deliveries may hold personal data, and an existing file keeps its mode. */
function warnOfOthers(path: string): void {
  if (hasWarned || process.platform === "win32" || (statSync(path).mode & 0o077) === 0) return;
  hasWarned = true;
  console.warn(
    `[diffio-webhooks] Other users of this machine may read ${path}. Fix it with: chmod 600 ${path} ${path}-wal ${path}-shm`,
  );
}

/** A new file is only safe once its folder's entries are, too. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Loads node:sqlite without the warning, on Node 22, that it is experimental: we know, and the user can do nothing. */
export function loadSqlite(): { DatabaseSync: typeof DatabaseSync } {
  const { emitWarning } = process;
  // This process object is the worker's own.
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).startsWith("SQLite is an experimental feature")) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Refuses a database that something else has made, before anything in it is changed. */
function checkOwner(sqlite: DatabaseSync, path: string): void {
  // In one statement, since another process may be making the schema right now.
  const { owner, tables } =
    sqlite
      .prepare(
        "SELECT application_id AS owner, (SELECT count(*) FROM sqlite_schema) AS tables FROM pragma_application_id",
      )
      .get() ?? {};
  if (owner === APPLICATION_ID || (owner === 0 && tables === 0)) return;
  throw new StoreFailure("foreign", `${path} belongs to another program.`);
}

/** Several processes may come here at once: the first one does it, the others find it done. */
function migrate(sqlite: DatabaseSync, path: string): void {
  const version = sqlite.prepare("PRAGMA user_version");
  const current = (): number => checkVersion(Number(version.get()?.["user_version"]), path);
  if (current() === MIGRATIONS.length) return;
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    checkOwner(sqlite, path);
    for (const sql of MIGRATIONS.slice(current())) sqlite.exec(sql);
    sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
    sqlite.exec("COMMIT");
  } catch (error) {
    rollback(sqlite);
    throw error;
  }
}

function checkVersion(version: number, path: string): number {
  if (version <= MIGRATIONS.length) return version;
  throw new StoreFailure(
    "newer",
    `${path} has schema version ${version}; this version knows up to ${MIGRATIONS.length}.`,
  );
}

/** Ends a transaction that failed; SQLite may have done so by itself. */
export function rollback(sqlite: DatabaseSync): void {
  try {
    sqlite.exec("ROLLBACK");
  } catch {
    // No transaction is open.
  }
}

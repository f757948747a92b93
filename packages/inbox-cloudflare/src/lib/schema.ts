import type { ObjectStorage, SqlStorage } from "./sql-storage.ts";

/**
 * Each step leads from one version of the schema to the next. Steps are only ever added: a Durable Object may wake
 * after years.
 *
 * - `queued`: whether a queue message is on its way: for the next run, or to take over one whose lease has run out.
 * - `sends`: how many were sent for it, the lost ones too.
 * - `wake_at`: when the alarm has to look at a message that is pending (its backoff is over, or its queue message must
 *   be lost) or running (its lease has run out). Null where nothing is left to be done.
 * - `token`: who holds the lease, or held the last one.
 * - `parts`: how many rows of `bodies` its body takes; 0 once it was pruned.
 *
 * All times are in milliseconds since the epoch.
 */
const STEPS = [
  `CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL,
    message_id TEXT NOT NULL,
    state TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    event_type TEXT,
    secret_name TEXT,
    received_at INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    sends INTEGER NOT NULL,
    wake_at INTEGER,
    token TEXT,
    reason TEXT,
    error TEXT,
    ended_at INTEGER,
    parts INTEGER NOT NULL,
    UNIQUE (receiver, message_id)
  );
  CREATE INDEX messages_to_wake ON messages (wake_at) WHERE wake_at IS NOT NULL;
  CREATE INDEX messages_ended ON messages (state, ended_at, id) WHERE ended_at IS NOT NULL;
  CREATE INDEX messages_with_body ON messages (ended_at) WHERE parts > 0 AND state IN ('done', 'discarded');
  CREATE TABLE bodies (
    message INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (message, part)
  );`,
];

/** Gives the storage of a Durable Object with its schema brought up to date. */
export function openStorage(ctxStorage: unknown): ObjectStorage {
  const storage = ctxStorage as ObjectStorage;
  storage.transactionSync(() => migrate(storage.sql));
  return storage;
}

function migrate(sql: SqlStorage): void {
  sql.exec("CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)");
  const [row] = sql.exec("SELECT value FROM settings WHERE name = 'schema'").toArray();
  const version = Number(row?.["value"] ?? 0);
  if (version > STEPS.length) {
    throw new Error(
      `The inbox was written by a later version (schema ${version}, known up to ${STEPS.length}): deploy that one.`,
    );
  }
  if (version === STEPS.length) return;
  for (const step of STEPS.slice(version)) sql.exec(step);
  sql.exec("INSERT OR REPLACE INTO settings (name, value) VALUES ('schema', ?)", String(STEPS.length));
}

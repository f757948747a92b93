/** "DfWh": tells an inbox's file from any other SQLite database. */
export const APPLICATION_ID = 0x44665768;

/** A message's states, as they are stored. */
export const STATE = { pending: 0, running: 1, done: 2, dead: 3, discarded: 4 } as const;

/**
 * The schema, version by version: the one at index n leads from version n to n + 1 (`PRAGMA user_version`). Versions
 * that have been published stay as they are.
 *
 * Times are milliseconds since the epoch. Rows are appended (`seq`), so that a new message touches the last page of
 * each table, and its end the same pages again; bodies lie apart, so that pruning them and walking through states is
 * cheap. `wake_at` is when a pending message is due, or a running one's lease runs out; ended ones have none.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    receiver TEXT NOT NULL,
    message_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    run INTEGER NOT NULL,
    wake_at INTEGER,
    token INTEGER,
    received_at INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    event_type TEXT,
    secret_name TEXT,
    ended_at INTEGER,
    reason TEXT,
    error TEXT
  ) STRICT;
  CREATE TABLE bodies (seq INTEGER PRIMARY KEY, raw_body BLOB NOT NULL) STRICT;
  CREATE UNIQUE INDEX messages_by_id ON messages (receiver, message_id);
  CREATE INDEX active_messages ON messages (receiver, state, wake_at) WHERE wake_at IS NOT NULL;
  CREATE INDEX dead_messages ON messages (ended_at) WHERE state = ${STATE.dead};
  CREATE INDEX discarded_messages ON messages (ended_at) WHERE state = ${STATE.discarded};
  `,
];

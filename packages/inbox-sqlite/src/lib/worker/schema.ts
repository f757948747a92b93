/** "DfWh": tells an inbox's file from any other SQLite database. */
export const APPLICATION_ID = 0x44665768;

/** A message's states, as they are stored. */
export const STATE = { pending: 0, running: 1, done: 2, dead: 3, discarded: 4 } as const;

/** How a message's last run died with its process, as it is stored. */
export const DIED = { no: 0, alone: 1, beside: 2 } as const;

/** After so many deaths beside others, a message is only claimed alone. */
export const MAX_BESIDES = 2;

/** In `paused`, in place of a receiver's name: all receivers. No receiver has an empty name. */
export const ALL_RECEIVERS = "";

/**
 * The schema, version by version: the one at index n leads from version n to n + 1 (`PRAGMA user_version`). Versions
 * that have been published stay as they are.
 *
 * Times are milliseconds since the epoch. Rows are appended (`seq`), so that a new message touches the last page of
 * each table, and its end the same pages again; bodies are kept apart, so that pruning them and walking through states is
 * cheap. `due_at` is when a pending message may be claimed (none while it waits for others about its subject), `since` when
 * that was decided: a clock that is set back shows by it. A running message belongs to its `owner`, by the `claim` that took it.
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
  CREATE INDEX dead_messages ON messages (ended_at) WHERE state = 3;
  CREATE INDEX discarded_messages ON messages (ended_at) WHERE state = 4;
  `,
  `
  DROP INDEX messages_by_id;
  DROP INDEX active_messages;
  DROP INDEX discarded_messages;
  ALTER TABLE messages DROP COLUMN token;
  ALTER TABLE messages RENAME COLUMN wake_at TO due_at;
  ALTER TABLE messages ADD COLUMN since INTEGER;
  ALTER TABLE messages ADD COLUMN owner INTEGER;
  ALTER TABLE messages ADD COLUMN claim INTEGER;
  ALTER TABLE messages ADD COLUMN died INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN besides INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN subject TEXT;
  ALTER TABLE messages ADD COLUMN started_at INTEGER;
  ALTER TABLE messages ADD COLUMN error_name TEXT;
  ALTER TABLE messages ADD COLUMN error_stack TEXT;
  UPDATE messages SET since = received_at WHERE state = 0;
  UPDATE messages SET owner = 0, claim = 0, due_at = NULL WHERE state = 1;
  CREATE TABLE owners (id INTEGER PRIMARY KEY AUTOINCREMENT, beat INTEGER NOT NULL, lock TEXT) STRICT;
  CREATE TABLE paused (receiver TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE counts (state INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
  INSERT INTO counts SELECT s.column1, (SELECT count(*) FROM messages WHERE state = s.column1)
    FROM (VALUES (0), (1), (2), (3), (4)) AS s;
  CREATE UNIQUE INDEX messages_by_id ON messages (message_id, receiver);
  CREATE INDEX messages_by_subject ON messages (subject, seq) WHERE subject IS NOT NULL;
  CREATE INDEX messages_by_type ON messages (event_type, seq) WHERE event_type IS NOT NULL;
  CREATE INDEX pending_messages ON messages (seq) WHERE state = 0;
  CREATE INDEX due_messages ON messages (receiver, due_at) WHERE state = 0 AND besides < 2;
  CREATE INDEX due_alone_messages ON messages (receiver, due_at) WHERE state = 0 AND besides >= 2;
  CREATE INDEX active_subjects ON messages (receiver, subject, seq) WHERE state IN (0, 1) AND subject IS NOT NULL;
  CREATE INDEX running_messages ON messages (owner) WHERE state = 1;
  CREATE INDEX discarded_messages ON messages (seq) WHERE state = 4;
  `,
];

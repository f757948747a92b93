import type { Database, Transaction } from "./database.ts";
import { withLock } from "./lock.ts";

/**
 * What brings the schema from one version to the next; a change is a further entry, never an edit.
 *
 * `messages` is the truth about each message; pg-boss's job is a mere call for its next run, named by `job_id`, which
 * changes with each run and so fences late ones off. `at` is when something is to be done next: a pending message is
 * due then, a running one's lease ends then, and the others ended then. `replayed` is a pending message whose job is
 * yet to be made, by a process that has a pg-boss.
 *
 * The key begins with the message's id, so that nothing that looks for a receiver's messages in a state can be led to it:
 * that would read all messages there are.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE diffio_webhooks.messages (
     receiver text COLLATE "C" NOT NULL,
     message_id text COLLATE "C" NOT NULL,
     state text COLLATE "C" NOT NULL
       CHECK (state IN ('pending', 'replayed', 'running', 'done', 'discarded', 'dead')),
     at timestamptz NOT NULL,
     run integer NOT NULL,
     job_id uuid,
     received_at timestamptz NOT NULL,
     signed_at timestamptz NOT NULL,
     event_type text,
     secret_name text,
     body bytea,
     reason text,
     error text,
     PRIMARY KEY (message_id, receiver)
   );
   CREATE INDEX messages_open ON diffio_webhooks.messages (state, receiver, at)
     WHERE state IN ('pending', 'replayed', 'running');
   CREATE INDEX messages_ended ON diffio_webhooks.messages (state, at)
     WHERE state IN ('done', 'discarded', 'dead');
   CREATE INDEX messages_with_body ON diffio_webhooks.messages (at)
     WHERE state IN ('done', 'discarded') AND body IS NOT NULL;`,
];

/** Brings the schema up to date, where it is not. Several processes may do so at once. */
export async function migrate(database: Database): Promise<void> {
  // Looked at without a lock first, since this is how it is nearly always; and so that a role that may not create
  // anything can use what an administrator has created.
  if ((await database.transaction(versionOf)) === MIGRATIONS.length) return;
  await withLock(database, async (transaction) => {
    const [schema] = await transaction.query(
      "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'diffio_webhooks'",
    );
    if (!schema) await transaction.query("CREATE SCHEMA diffio_webhooks");
    await transaction.query("CREATE TABLE IF NOT EXISTS diffio_webhooks.version (version integer NOT NULL)");
    const version = (await versionOf(transaction)) ?? 0;
    if (version > MIGRATIONS.length) {
      throw new Error(
        `The schema diffio_webhooks is of version ${version}, and this package knows ${MIGRATIONS.length}: ` +
          "a newer @diffio-webhooks/inbox-postgres has used this database.",
      );
    }
    for (const migration of MIGRATIONS.slice(version)) await transaction.query(migration);
    await transaction.query("DELETE FROM diffio_webhooks.version");
    await transaction.query(`INSERT INTO diffio_webhooks.version VALUES (${MIGRATIONS.length})`);
  });
}

async function versionOf(transaction: Transaction): Promise<number | undefined> {
  const [table] = await transaction.query<{ found: boolean }>(
    "SELECT to_regclass('diffio_webhooks.version') IS NOT NULL AS found",
  );
  if (!table?.found) return undefined;
  const [row] = await transaction.query<{ version: number }>("SELECT version FROM diffio_webhooks.version");
  return row?.version;
}

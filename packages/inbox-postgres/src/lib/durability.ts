import type { Database } from "./database.ts";

/** Settings with which a commit that was confirmed may be lost. */
const UNSAFE: Readonly<Record<string, string>> = {
  synchronous_commit:
    "commits are confirmed before they are on disk, so that a crash of the server loses acknowledged messages. " +
    'Set it to "on": in postgresql.conf, or by ALTER ROLE … SET synchronous_commit = on (ALTER DATABASE … likewise)',
  fsync:
    "nothing is made to reach the disk, so that a crash of the machine loses acknowledged messages or all of the " +
    'database. Set it to "on" in postgresql.conf',
};

/** Warns where the server's settings, as they are for us, cannot keep what was committed. */
export async function warnOfUnsafeSettings(database: Database): Promise<void> {
  const found = await database.transaction((transaction) =>
    transaction.query<{ name: string }>(
      "SELECT name FROM pg_settings WHERE name IN ('synchronous_commit', 'fsync') AND setting = 'off' ORDER BY name",
    ),
  );
  for (const { name } of found) {
    console.warn(`[diffio-webhooks] PostgreSQL's ${name} is off: ${UNSAFE[name]}.`);
  }
}

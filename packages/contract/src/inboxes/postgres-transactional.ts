import pg from "pg";
import type { LedgerEntry } from "../inbox-service/ledger.ts";
import { type InboxEngine, nodeStore } from "../inboxes.ts";
import { postgresServer } from "./postgres.ts";

const { start, stop, newDatabase } = postgresServer();

/** PostgreSQL whose callbacks write their effects in the transaction of their run: what is there, is there once. */
export const postgresTransactional: InboxEngine = {
  name: "postgresInbox, transactional",
  durable: true,
  isStore: true,
  processes: true,
  start,
  stop,
  async createStore() {
    const connectionString = await newDatabase();
    await query(connectionString, "CREATE TABLE effects (message_id text, pid int, at float8)");
    const store = nodeStore("postgres", { connectionString, transactional: true });
    return {
      ...store,
      // What a callback says it has done counts for nothing here: only what was committed.
      async ledger() {
        const entries = (await store.ledger()).filter(({ what }) => what !== "ended");
        const rows = await query(connectionString, "SELECT message_id, pid, at FROM effects ORDER BY at");
        const ended = rows.map((row): LedgerEntry => ({
          what: "ended",
          messageId: String(row["message_id"]),
          pid: Number(row["pid"]),
          at: Number(row["at"]),
        }));
        return [...entries, ...ended].toSorted((one, other) => one.at - other.at);
      },
    };
  },
};

async function query(connectionString: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

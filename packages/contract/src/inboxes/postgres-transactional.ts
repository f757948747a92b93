import { type PostgresServer, startPostgres } from "@diffio-webhooks/test-support/postgres";
import pg from "pg";
import type { LedgerEntry } from "../inbox-service/ledger.ts";
import { type InboxEngine, nodeStore } from "../inboxes.ts";

let server: PostgresServer | undefined;
let databases = 0;

/** PostgreSQL whose callbacks write their effects in the transaction of their run: what is there, is there once. */
export const postgresTransactional: InboxEngine = {
  name: "postgresInbox, transactional",
  durable: true,
  isStore: true,
  processes: true,
  async start() {
    server = await startPostgres();
  },
  async stop() {
    await server?.stop();
  },
  async createStore() {
    if (!server) throw new Error("The server was not started.");
    const connectionString = await server.createDatabase(`store_${databases++}`);
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

import { type PostgresServer, startPostgres } from "@diffio-webhooks/test-support/postgres";
import { type InboxEngine, nodeStore } from "../inboxes.ts";

let server: PostgresServer | undefined;
let databases = 0;

/** On a PostgreSQL server of its own, with a database for each store. */
export const postgres: InboxEngine = {
  name: "postgresInbox",
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
    return nodeStore("postgres", { connectionString: await server.createDatabase(`store_${databases++}`) });
  },
};

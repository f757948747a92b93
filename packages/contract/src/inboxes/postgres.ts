import { type PostgresServer, startPostgres } from "@diffio-webhooks/test-support/postgres";
import { type InboxEngine, nodeStore } from "../inboxes.ts";

/** A PostgreSQL server of an engine's own, with a database for each store. */
export function postgresServer(): Required<Pick<InboxEngine, "start" | "stop">> & {
  newDatabase(): Promise<string>;
} {
  let server: PostgresServer | undefined;
  let databases = 0;
  return {
    async start() {
      server = await startPostgres();
    },
    async stop() {
      await server?.stop();
    },
    async newDatabase() {
      if (!server) throw new Error("The server was not started.");
      return server.createDatabase(`store_${databases++}`);
    },
  };
}

const { start, stop, newDatabase } = postgresServer();

/** PostgreSQL, as it is used without options. */
export const postgres: InboxEngine = {
  name: "postgresInbox",
  durable: true,
  isStore: true,
  processes: true,
  start,
  stop,
  createStore: async () => nodeStore("postgres", { connectionString: await newDatabase() }),
};

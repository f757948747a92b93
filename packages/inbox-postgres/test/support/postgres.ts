import { type PostgresServer, startPostgres } from "@diffio-webhooks/test-support/postgres";
import pg from "pg";
import { afterAll, beforeAll, onTestFinished } from "vitest";

/** A server for all tests of a file. */
export interface TestServer {
  server(): PostgresServer;
  /** An empty database. */
  database(): Promise<TestDatabase>;
}

/** A database, and a way to look into it. */
export interface TestDatabase {
  readonly connectionString: string;
  /** Runs a statement, as somebody else than the inbox. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** A connection that is open until the test is over. */
  connect(): Promise<pg.Client>;
}

/** Starts a server before the tests of a file, and ends it after them. */
export function usePostgres(): TestServer {
  let server: PostgresServer | undefined;
  let databases = 0;
  const started = (): PostgresServer => {
    if (!server) throw new Error("The server was not started.");
    return server;
  };
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  return {
    server: started,
    async database() {
      const connectionString = await started().createDatabase(`test_${databases++}`);
      const connect = async (): Promise<pg.Client> => {
        const client = new pg.Client({ connectionString });
        // Tests kill the server.
        client.on("error", () => {});
        await client.connect();
        return client;
      };
      return {
        connectionString,
        async sql(text, values) {
          const client = await connect();
          try {
            return (await client.query<Record<string, unknown>>(text, values)).rows;
          } finally {
            await client.end();
          }
        },
        async connect() {
          const client = await connect();
          onTestFinished(() => client.end());
          return client;
        },
      };
    },
  };
}

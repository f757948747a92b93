import pg from "pg";
import { ANSWER_SECONDS, type Database, TRANSACTION_SETTINGS, type Transaction } from "./database.ts";
import type { ExistingPool, ExistingPoolClient } from "./pool-types.ts";
import { within } from "./within.ts";

/** Connections of a pool of our own: a few, since what comes together is committed together. */
const MAX_CONNECTIONS = 8;

/** A pool of our own. */
export interface OwnPool extends ExistingPool {
  end(): Promise<void>;
}

/** Opens a pool of our own. Nothing connects yet. */
export function createPool(
  connectionString: string,
  { max = MAX_CONNECTIONS, pipeline = true }: { max?: number; pipeline?: boolean } = {},
): OwnPool {
  return new pg.Pool({
    connectionString,
    max,
    connectionTimeoutMillis: ANSWER_SECONDS * 1000,
    application_name: "diffio-webhooks",
    keepAlive: true,
    pipeline,
  });
}

const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; ${TRANSACTION_SETTINGS}`;

/**
 * The transactions of a pool.
 *
 * @param options.pipelines whether its connections take further statements while one is under way.
 */
export function poolDatabase(pool: ExistingPool, { pipelines }: { pipelines: boolean }): Database {
  const transaction: Database["transaction"] = (work) =>
    withClient(pool, async (client) => {
      const open = transactionOn(client);
      await open.query(BEGIN);
      const result = await work(open);
      await open.query("COMMIT");
      return result;
    });

  return {
    transaction,
    query: <Row>(text: string, values: readonly unknown[] = []) =>
      pipelines
        ? withClient(pool, async (client) => {
            const { query } = transactionOn(client);
            // When one fails, so do all that follow, and COMMIT undoes them.
            const [, rows] = await Promise.all([query(BEGIN), query<Row>(text, values), query("COMMIT")]);
            return rows;
          })
        : transaction(({ query }) => query<Row>(text, values)),
  };
}

function transactionOn(client: ExistingPoolClient): Transaction {
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const statement = { text, query_timeout: ANSWER_SECONDS * 1000 };
      const result = await client.query(
        values.length === 0 ? statement : { ...statement, values: [...values] },
      );
      return result.rows as Row[];
    },
  };
}

/** Lends a connection. One that failed is closed, so that the server undoes what was not committed. */
export async function withClient<Result>(
  pool: ExistingPool,
  work: (client: ExistingPoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await within(
    pool.connect(),
    ANSWER_SECONDS,
    "No connection was free, or could be made",
    (late) => late.release(),
  );
  let failure: Error | undefined;
  // A connection that breaks says so by an event, which would end the process if nobody listened.
  const note = (error: Error): void => {
    failure ??= error;
  };
  client.on("error", note);
  try {
    return await work(client);
  } catch (error) {
    failure ??= error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.off("error", note);
    client.release(failure);
  }
}

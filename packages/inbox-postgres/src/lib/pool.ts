import pg from "pg";
import type { BossDb } from "./boss-types.ts";
import { ANSWER_SECONDS, type Database, TRANSACTION_SETTINGS, oneByOne, transactionOn } from "./database.ts";
import type { ExistingPool, ExistingPoolClient } from "./pool-types.ts";
import { within } from "./within.ts";

/** Connections of a pool of our own: a few, since what comes together is committed together. */
const MAX_CONNECTIONS = 8;
/** What pg-boss does by itself (its upkeep) may take longer than what a delivery waits for. */
const UPKEEP_SECONDS = 60;

/** A pool of our own. */
export interface OwnPool extends ExistingPool {
  end(): Promise<void>;
}

/** Opens a pool of our own. Nothing connects yet. */
export function createPool(connectionString: string): OwnPool {
  return new pg.Pool({
    connectionString,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: ANSWER_SECONDS * 1000,
    application_name: "diffio-webhooks",
    keepAlive: true,
    pipeline: true,
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
      const db = clientDb(client, ANSWER_SECONDS);
      await db.executeSql(BEGIN);
      const result = await work(transactionOn(db));
      await db.executeSql("COMMIT");
      return result;
    });

  /** When one fails, so do all that follow, and COMMIT undoes them. */
  const pipelined: Database["batch"] = (statements) =>
    withClient(pool, async (client) => {
      const { query } = transactionOn(clientDb(client, ANSWER_SECONDS));
      const [, ...results] = await Promise.all([
        query(BEGIN),
        ...statements.map(({ text, values }) => query(text, values)),
        query("COMMIT"),
      ]);
      return results.slice(0, -1);
    });

  return {
    transaction,
    batch: pipelines ? pipelined : (statements) => transaction((open) => oneByOne(open, statements)),
  };
}

/** What a pg-boss of ours works on: the same pool. */
export function poolDb(pool: ExistingPool): BossDb {
  return {
    executeSql: (text, values) =>
      withClient(pool, (client) => clientDb(client, UPKEEP_SECONDS).executeSql(text, values)),
  };
}

function clientDb(client: ExistingPoolClient, seconds: number): BossDb {
  return {
    executeSql: (text, values) =>
      client.query({ text, ...(values && { values }), query_timeout: seconds * 1000 }),
  };
}

/** Lends a connection. One that failed is closed, so that the server undoes what was not committed. */
async function withClient<Result>(
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
  // A connection that breaks tells so by an event, which would end the process if nobody listened.
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

import type { BossDb } from "./boss-types.ts";

/** A transaction that is open. */
export interface Transaction {
  /** Runs one statement. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The same, as pg-boss wants it in its option `db`: what it does then commits with the rest. */
  readonly db: BossDb;
}

/** A statement whose values are known before any other has run. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The way to the server. */
export interface Database {
  /**
   * Runs statements in one transaction, which is committed when the promise resolves. Rejects where it was not, or
   * where nobody can tell; a server that answers nothing is waited for {@link ANSWER_SECONDS} at each step.
   */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** The same for statements that need nothing of each other: sent all at once where the connection can. */
  batch(statements: readonly Statement[]): Promise<Record<string, unknown>[][]>;
}

/** How long the server may take to answer a statement, or to let us in. The whole of `accept` has 8 s. */
export const ANSWER_SECONDS = 5;

/**
 * What follows BEGIN. The limit holds for this transaction only, as do all settings of ours: a pooler between us and
 * the server may hand the connection to somebody else.
 *
 * All that is looked for has an index, whatever the planner makes of a queue that was empty, or full, when it last counted.
 * By a plain index scan, which marks the dead entries that it meets, so that none is met again: a queue leaves one for
 * each job. A bitmap scan reads all of them each time, until autovacuum comes.
 */
export const TRANSACTION_SETTINGS: string = [
  `statement_timeout = ${ANSWER_SECONDS * 1000}`,
  "enable_seqscan = off",
  "enable_bitmapscan = off",
]
  .map((setting) => `SET LOCAL ${setting}`)
  .join("; ");

/** Makes a transaction of what pg-boss takes for a database. */
export function transactionOn(db: BossDb): Transaction {
  return {
    db,
    async query<Row>(text: string, values: readonly unknown[] = []) {
      return (await db.executeSql(text, [...values])).rows as Row[];
    },
  };
}

/** {@link Database.batch} for a connection that takes one statement at a time. */
export async function oneByOne(
  { query }: Transaction,
  statements: readonly Statement[],
): Promise<Record<string, unknown>[][]> {
  const results: Record<string, unknown>[][] = [];
  for (const { text, values } of statements) results.push(await query(text, values));
  return results;
}

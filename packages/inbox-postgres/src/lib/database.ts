/** A transaction that is open. */
export interface Transaction {
  /** Runs one statement. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** The way to the server. */
export interface Database {
  /**
   * Runs statements in one transaction, which is committed when the promise resolves. Rejects where it was not, or
   * where nobody can tell; a server that answers nothing is waited for {@link ANSWER_SECONDS} at each step.
   */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** Runs one statement in a transaction of its own: in one round trip, where the connection can. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** How long the server may take to answer a statement, or to let us in. The whole of `accept` has 8 s. */
export const ANSWER_SECONDS = 5;

/**
 * What follows BEGIN. The limit holds for this transaction only, as do all settings of ours: a pooler between us and
 * the server may pass the connection on to somebody else.
 *
 * All that is looked for has an index, whatever the planner makes of a queue that was empty, or full, when it last counted.
 * By a plain index scan, which marks the dead entries that it meets, so that none is met again: a queue leaves one for
 * each message. A bitmap scan reads all of them each time, until autovacuum comes.
 */
export const TRANSACTION_SETTINGS: string = [
  `statement_timeout = ${ANSWER_SECONDS * 1000}`,
  "enable_seqscan = off",
  "enable_bitmapscan = off",
]
  .map((setting) => `SET LOCAL ${setting}`)
  .join("; ");

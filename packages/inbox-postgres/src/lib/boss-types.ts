/** What pg-boss takes for a database. */
export interface BossDb {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  /** Opens a transaction: the pool that pg-boss makes by itself can. */
  beginTransaction?(): Promise<{ readonly db: BossDb; commit(): Promise<void>; rollback(): Promise<void> }>;
}

/** A job to be made. */
export interface BossJob {
  readonly id: string;
  readonly data: { readonly messageId: string };
  /** In seconds. */
  readonly startAfter?: number;
}

/** A `PgBoss`, as far as it is used. */
export interface ExistingBoss {
  getDb(): BossDb;
  createQueue(name: string, options: object): Promise<void>;
  insert(name: string, jobs: BossJob[], options: { db: BossDb }): Promise<unknown>;
  fetch(
    name: string,
    options: { batchSize: number; db: BossDb },
  ): Promise<{ readonly id: string; readonly data: unknown }[]>;
  deleteJob(name: string, ids: string[], options: { db: BossDb }): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** A pg-boss of our own. */
export interface OwnBoss extends ExistingBoss {
  start(): Promise<unknown>;
  stop(options: { graceful: boolean }): Promise<void>;
}

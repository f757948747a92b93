import { PgBoss } from "#pg-boss";
import {
  ANSWER_SECONDS,
  type Database,
  type Statement,
  TRANSACTION_SETTINGS,
  type Transaction,
  oneByOne,
  transactionOn,
} from "./database.ts";
import { guardPool } from "./guard.ts";
import { withLock } from "./lock.ts";
import type { BossDb, BossJob, ExistingBoss, OwnBoss } from "./boss-types.ts";
import { poolDb } from "./pool.ts";
import type { ExistingPool } from "./pool-types.ts";
import { within } from "./within.ts";

/** The schema of a pg-boss of our own: apart from one that the app may have, which may be of another version. */
const BOSS_SCHEMA = "diffio_webhooks_boss";

/** Starts a pg-boss of our own on a pool; it makes its tables where there are none. */
export async function startBoss(
  pool: ExistingPool,
  database: Database,
  onError: (error: unknown) => void,
): Promise<OwnBoss> {
  const boss = new PgBoss({
    db: poolDb(pool),
    schema: BOSS_SCHEMA,
    schedule: false,
    registerInstance: false,
  });
  boss.on("error", onError);
  const start = async (): Promise<void> => void (await boss.start());
  // Several that install at once get in each other's way, however it locks.
  if (await database.transaction(isInstalled)) await start();
  else await withLock(database, start);
  return boss;
}

async function isInstalled({ query }: Transaction): Promise<boolean> {
  const [row] = await query<{ found: boolean }>(
    `SELECT to_regclass('${BOSS_SCHEMA}.version') IS NOT NULL AS found`,
  );
  return row?.found === true;
}

const guarded = new WeakSet<object>();

/** The pool that pg-boss makes when it is started, and that lends connections which nobody listens to at first. */
function guardPoolOf(db: BossDb & { readonly pool?: ExistingPool }): void {
  const { pool } = db;
  if (typeof pool?.on !== "function" || guarded.has(pool)) return;
  guarded.add(pool);
  guardPool(pool);
}

/** The transactions of a pg-boss of the user's. */
export function bossDatabase(boss: ExistingBoss): Database {
  const db = boss.getDb();
  const database: Database = {
    async transaction(work) {
      if (!db.beginTransaction) throw new Error("The boss's db has no beginTransaction.");
      guardPoolOf(db);
      const handle = await within(db.beginTransaction(), ANSWER_SECONDS, "No transaction began", (late) => {
        void late.rollback();
      });
      const transaction = transactionOn({
        // How long a connection of this pool waits for an answer is not ours to set.
        executeSql: (text, values) =>
          within(handle.db.executeSql(text, values), ANSWER_SECONDS, "PostgreSQL did not answer"),
      });
      try {
        await transaction.query(`SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ${TRANSACTION_SETTINGS}`);
        const result = await work(transaction);
        await within(handle.commit(), ANSWER_SECONDS, "The commit was not answered");
        return result;
      } catch (error) {
        // Not waited for: it takes as long as the server does.
        void handle.rollback();
        throw error;
      }
    },
    batch: (statements) => database.transaction((open) => oneByOne(open, statements)),
  };
  return database;
}

/** The statement that makes jobs, as pg-boss would run it. */
export async function statementOf(boss: ExistingBoss, queue: string, jobs: BossJob[]): Promise<Statement> {
  let statement: Statement | undefined;
  const recorder: BossDb = {
    async executeSql(text, values = []) {
      statement = { text, values };
      return { rows: [] };
    },
  };
  await boss.insert(queue, jobs, { db: recorder });
  if (!statement) throw new Error("pg-boss made no jobs.");
  return statement;
}

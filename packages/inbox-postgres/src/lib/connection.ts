import { ANSWER_SECONDS, type Database } from "./database.ts";
import { warnOfUnsafeSettings } from "./durability.ts";
import { guardPool } from "./guard.ts";
import { type Listener, createListener } from "./listener.ts";
import { migrate } from "./migrations.ts";
import type { Source } from "./options.ts";
import { createPool, poolDatabase } from "./pool.ts";
import type { ExistingPool } from "./pool-types.ts";
import { unavailable } from "./unavailable.ts";
import { within } from "./within.ts";

/** The way to the server: opened at its first use, and again after it was closed. */
export interface Connection extends Database {
  /** The pool that runs take their connections from: yours, or one of our own with room for so many. */
  poolForRuns(concurrency: number): Promise<ExistingPool>;
  /** Calls back when another process has left messages, with their receiver; null for any. */
  watch(onWork: (receiver: string | null) => void): void;
  /** Lets go of what is ours. */
  close(): Promise<void>;
}

/** The connections from one opening to the next close. */
interface Session {
  readonly database: Database;
  /** Resolves once our schema is in it. */
  opening: Promise<void> | undefined;
  poolForRuns(concurrency: number): ExistingPool;
  /** Begins to listen, if somebody watches. */
  listen(): void;
  close(): Promise<void>;
}

/** Makes the way to the server. Nothing is opened yet. */
export function createConnection(source: Source): Connection {
  let session: Session | undefined;
  let hasWarned = false;
  let onWork: ((receiver: string | null) => void) | undefined;

  function open(): Session {
    const pool: ExistingPool & { end?(): Promise<void> } =
      source.kind === "pool" ? source.pool : createPool(source.connectionString);
    const unguard = guardPool(pool);
    let runs: (ExistingPool & { end?(): Promise<void> }) | undefined;
    let listener: Listener | undefined;
    return {
      poolForRuns(concurrency) {
        if (source.kind === "pool") return pool;
        if (!runs) {
          runs = createPool(source.connectionString, { max: concurrency, pipeline: false });
          guardPool(runs);
        }
        return runs;
      },
      listen() {
        if (onWork) listener ??= createListener(pool, onWork);
      },
      database: poolDatabase(pool, { pipelines: source.kind !== "pool" }),
      opening: undefined,
      async close() {
        const closing = (async () => {
          await listener?.close();
          if (source.kind === "pool") unguard();
          else await Promise.all([pool.end?.(), runs?.end?.()]);
        })();
        // A server that hangs must not keep us: what is left is closed when it answers, or with the process.
        await within(closing, ANSWER_SECONDS, "The connections were not closed").catch(() => {});
      },
    };
  }

  async function prepare({ database }: Session): Promise<void> {
    await migrate(database);
    if (!hasWarned) await warnOfUnsafeSettings(database);
    hasWarned = true;
  }

  async function use<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
    const opened = (session ??= open());
    try {
      opened.opening ??= prepare(opened);
      await opened.opening.catch((error: unknown) => {
        opened.opening = undefined;
        throw error;
      });
      opened.listen();
      return await work(opened.database);
    } catch (error) {
      // A schema that somebody took away is made again at the next use.
      if (error instanceof Error && /does not exist/.test(error.message)) opened.opening = undefined;
      throw unavailable(error);
    }
  }

  return {
    transaction: (work) => use((database) => database.transaction(work)),
    query: (text, values) => use((database) => database.query(text, values)),
    poolForRuns: (concurrency) => use(async () => (session ??= open()).poolForRuns(concurrency)),
    watch(callback) {
      onWork = callback;
    },
    async close() {
      const closing = session;
      session = undefined;
      onWork = undefined;
      await closing?.close();
    },
  };
}

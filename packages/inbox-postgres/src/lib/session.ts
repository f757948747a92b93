import { bossDatabase, startBoss } from "./boss.ts";
import type { ExistingBoss, OwnBoss } from "./boss-types.ts";
import { ANSWER_SECONDS, type Database } from "./database.ts";
import { guardPool, ignore } from "./guard.ts";
import type { Source } from "./options.ts";
import { createPool, poolDatabase } from "./pool.ts";
import type { ExistingPool } from "./pool-types.ts";
import { within } from "./within.ts";

/** The connections from one opening to the next close. */
export interface Session {
  readonly database: Database;
  /** The same, once our schema is in it. */
  opening: Promise<Database> | undefined;
  /** Queues that are there, or being made, by name. */
  readonly queues: Map<string, Promise<void>>;
  startBoss(): Promise<ExistingBoss>;
  close(): Promise<void>;
}

/** Opens it. Nothing connects yet. */
export function openSession(source: Source, onError: (error: unknown) => void): Session {
  switch (source.kind) {
    case "boss":
      return bossSession(source.boss);
    case "pool": {
      const unguard = guardPool(source.pool);
      return poolSession(source.pool, { pipelines: false, end: async () => unguard() }, onError);
    }
    case "connectionString": {
      const pool = createPool(source.connectionString);
      guardPool(pool);
      return poolSession(pool, { pipelines: true, end: () => pool.end() }, onError);
    }
  }
}

function bossSession(boss: ExistingBoss): Session {
  // What the upkeep of the app's own pg-boss comes to is the app's to hear.
  boss.on("error", ignore);
  return {
    database: bossDatabase(boss),
    opening: undefined,
    queues: new Map(),
    startBoss: async () => boss,
    async close() {
      boss.off("error", ignore);
    },
  };
}

function poolSession(
  pool: ExistingPool,
  { pipelines, end }: { pipelines: boolean; end: () => Promise<void> },
  onError: (error: unknown) => void,
): Session {
  let starting: Promise<OwnBoss> | undefined;

  const database = poolDatabase(pool, { pipelines });

  return {
    database,
    opening: undefined,
    queues: new Map(),
    startBoss() {
      return (starting ??= startBoss(pool, database, onError).catch((error: unknown) => {
        starting = undefined;
        throw error;
      }));
    },
    async close() {
      const boss = await starting?.catch(() => undefined);
      const closing = (async () => {
        await boss?.stop({ graceful: false });
        await end();
      })();
      // A server that hangs must not keep us: what is left is closed when it answers, or with the process.
      await within(closing, ANSWER_SECONDS, "The connections were not closed").catch(() => {});
    },
  };
}

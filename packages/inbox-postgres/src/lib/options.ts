import { type DurableInboxOptions, invalidOption } from "@diffio-webhooks/core/inbox";
import pg from "pg";
import type { ExistingBoss } from "./boss-types.ts";
import type { ExistingPool } from "./pool-types.ts";

/** Options of {@link postgresInbox}: exactly one of the first three, and those of every durable inbox. */
export interface PostgresInboxOptions extends DurableInboxOptions {
  /** Where the server is: `postgres://user:password@host:5432/database`. The inbox opens and closes its own pool. */
  connectionString?: string | undefined;
  /** A started pg-boss (12.38 or later) of yours: its pool and its schema are used. It is not stopped by the inbox. */
  boss?: ExistingBoss | undefined;
  /** A pool of yours (`pg`, 8.x), with room for two connections at least. It is not ended by the inbox. */
  pool?: ExistingPool | undefined;
}

/** Where the server is reached, checked. */
export type Source =
  | { readonly kind: "connectionString"; readonly connectionString: string }
  | { readonly kind: "boss"; readonly boss: ExistingBoss }
  | { readonly kind: "pool"; readonly pool: ExistingPool };

const ONE_OF = "Give exactly one of connectionString, boss and pool.";

/**
 * Checks the options that say where the server is.
 *
 * @throws WebhookError `invalid_option`
 */
export function checkSource({ connectionString, boss, pool }: PostgresInboxOptions): Source {
  const given = [connectionString, boss, pool].filter((value) => value !== undefined).length;
  if (given !== 1) throw invalidOption(`${given} of connectionString, boss and pool are given.`, ONE_OF);
  if (boss !== undefined) return { kind: "boss", boss: checkBoss(boss) };
  if (pool !== undefined) return { kind: "pool", pool: checkPool(pool) };
  return { kind: "connectionString", connectionString: checkConnectionString(connectionString) };
}

function checkConnectionString(connectionString: unknown): string {
  const hint =
    'Give something like "postgres://user:password@host:5432/database"; encode special characters.';
  if (typeof connectionString !== "string" || connectionString.trim() === "") {
    throw invalidOption("connectionString is not a string, or empty.", hint);
  }
  try {
    // Reads it, and connects to nothing.
    void new pg.Client({ connectionString });
  } catch {
    // Without its cause, which holds the password.
    throw invalidOption("connectionString cannot be read.", hint);
  }
  return connectionString;
}

function checkBoss(boss: ExistingBoss): ExistingBoss {
  if (!hasMethods(boss, ["getDb", "createQueue", "insert", "fetch", "deleteJob", "on", "off"])) {
    throw invalidOption(
      "boss is not a PgBoss of pg-boss 12.",
      "Pass new PgBoss(…), of pg-boss 12.38 or later.",
    );
  }
  if (!hasMethods(boss.getDb(), ["executeSql", "beginTransaction"])) {
    throw invalidOption(
      "The boss's db has no beginTransaction.",
      "An id and its job are committed in one transaction: pass the pool as { pool } instead, or let pg-boss make its own.",
    );
  }
  return boss;
}

function checkPool(pool: ExistingPool): ExistingPool {
  if (hasMethods(pool, ["connect", "on", "off"])) return pool;
  throw invalidOption("pool is not a Pool of pg.", "Pass new pg.Pool(…).");
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

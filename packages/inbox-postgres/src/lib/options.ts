import { type DurableInboxOptions, invalidOption } from "@diffio-webhooks/core/inbox";
import pg from "pg";
import type { ExistingPool } from "./pool-types.ts";

/** Options of {@link postgresInbox}: exactly one of the first two, and those of every durable inbox. */
export interface PostgresInboxOptions extends DurableInboxOptions {
  /** Where the server is: `postgres://user:password@host:5432/database`. The inbox opens and closes its own pool. */
  connectionString?: string | undefined;
  /** A pool of yours (`pg`, 8.x), with room for two connections at least. The inbox does not end it. */
  pool?: ExistingPool | undefined;
  /**
   * Whether each run has a transaction, `transactionOf(context)`, which also writes that the message is done: effects in
   * this database happen exactly once. It takes a connection for as long as a callback goes on. Default false.
   */
  transactional?: boolean | undefined;
}

/** Where the server is reached, checked. */
export type Source =
  | { readonly kind: "connectionString"; readonly connectionString: string }
  | { readonly kind: "pool"; readonly pool: ExistingPool };

const ONE_OF = "Pass either connectionString or pool.";

/**
 * Checks the options that say where the server is.
 *
 * @throws WebhookError `invalid_option`
 */
export function checkSource({ connectionString, pool }: PostgresInboxOptions): Source {
  const given = [connectionString, pool].filter((value) => value !== undefined).length;
  if (given !== 1) throw invalidOption(`${given} of connectionString and pool are given.`, ONE_OF);
  if (pool !== undefined) return { kind: "pool", pool: checkPool(pool) };
  return { kind: "connectionString", connectionString: checkConnectionString(connectionString) };
}

function checkConnectionString(connectionString: unknown): string {
  const hint =
    'Pass something like "postgres://user:password@host:5432/database"; encode special characters.';
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

function checkPool(pool: ExistingPool): ExistingPool {
  if (hasMethods(pool, ["connect", "on", "off"])) return pool;
  throw invalidOption("pool is not a Pool of pg.", "Pass new pg.Pool(…).");
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

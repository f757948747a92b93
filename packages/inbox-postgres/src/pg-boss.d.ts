/**
 * The part of pg-boss that is used here. The types it ships do not compile: they name one that they do not have. The
 * manifest's `imports` point here for types, and at pg-boss for all else.
 */
import type { BossDb, OwnBoss } from "./lib/boss-types.ts";

export const PgBoss: new (options: {
  db: BossDb;
  schema: string;
  schedule: boolean;
  registerInstance: boolean;
}) => OwnBoss;

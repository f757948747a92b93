import type { DatabaseSync } from "node:sqlite";
import type { Counts } from "./counts.ts";

/** What operations work on. */
export interface Connection {
  readonly sqlite: DatabaseSync;
  readonly counts: Counts;
}

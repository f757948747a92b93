import type { DatabaseSync } from "node:sqlite";
import type { Counts } from "./counts.ts";
import type { Serial } from "./serial.ts";

/** What operations work on. */
export interface Connection {
  readonly sqlite: DatabaseSync;
  readonly counts: Counts;
  readonly serial: Serial;
}

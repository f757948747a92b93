import type { ObjectSettings } from "./object-protocol.ts";
import { type SqlStorage, textOf } from "./sql-storage.ts";

/** Until a receiver has told its own. */
const DEFAULTS: ObjectSettings = {
  queue: "DIFFIO_QUEUE",
  leaseInSeconds: 60,
  keepIdsInDays: 30,
  keepBodiesInDays: 7,
};

/** The settings that the receivers told last, kept for the alarm. */
export class Settings {
  readonly #sql: SqlStorage;
  #now: ObjectSettings = DEFAULTS;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    const [row] = sql.exec("SELECT value FROM settings WHERE name = 'receiver'").toArray();
    if (row) this.#now = JSON.parse(textOf(row["value"])) as ObjectSettings;
  }

  get now(): ObjectSettings {
    return this.#now;
  }

  keep(settings: ObjectSettings): void {
    const { queue, leaseInSeconds, keepIdsInDays, keepBodiesInDays } = this.#now;
    if (
      settings.queue === queue &&
      settings.leaseInSeconds === leaseInSeconds &&
      settings.keepIdsInDays === keepIdsInDays &&
      settings.keepBodiesInDays === keepBodiesInDays
    ) {
      return;
    }
    this.#now = settings;
    const value = JSON.stringify(settings);
    this.#sql.exec("INSERT OR REPLACE INTO settings (name, value) VALUES ('receiver', ?)", value);
  }
}

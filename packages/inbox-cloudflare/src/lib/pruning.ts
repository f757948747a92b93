import type { ObjectSettings } from "./object-protocol.ts";
import type { SqlStorage } from "./sql-storage.ts";

const DAY_MS = 86_400_000;
/** The most that one alarm prunes of each kind. */
const STEP = 500;
/** Between two looks: an hour, or the time itself where that is shorter. */
const MAX_PAUSE_MS = 3_600_000;
const MIN_PAUSE_MS = 1000;

/** What is kept for some time after the end of a message. SQLite is told which index to use: else it scans. */
const KINDS = [
  {
    from: "messages INDEXED BY messages_with_body WHERE parts > 0 AND state IN ('done', 'discarded')",
    kept: "bodies",
    forget: "UPDATE messages SET parts = 0 WHERE id = ?",
  },
  ...["done", "discarded", "dead"].map((state) => ({
    from: `messages INDEXED BY messages_ended WHERE state = '${state}'`,
    kept: "ids" as const,
    forget: "DELETE FROM messages WHERE id = ?",
  })),
] as const;

/** Takes away what has been kept long enough, in bounded steps. */
export class Pruning {
  readonly #sql: SqlStorage;
  #prunedAt = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Prunes one step. */
  prune(settings: ObjectSettings, now: number): void {
    const times = timesOf(settings);
    if (now < this.#prunedAt + times.pause) return;
    this.#prunedAt = now;
    for (const { from, kept, forget } of KINDS) {
      const old = this.#sql.exec(`SELECT id FROM ${from} AND ended_at <= ? LIMIT ${STEP}`, now - times[kept]);
      const ids = old.toArray().map((row) => Number(row["id"]));
      for (const id of ids) {
        this.#sql.exec("DELETE FROM bodies WHERE message = ?", id);
        this.#sql.exec(forget, id);
      }
      // More of the same may be left.
      if (ids.length === STEP) this.#prunedAt = now - times.pause + MIN_PAUSE_MS;
    }
  }

  /** When something will have been kept long enough, if there is anything. */
  next(settings: ObjectSettings): number | undefined {
    const times = timesOf(settings);
    const first = KINDS.flatMap(({ from, kept }) => {
      const [row] = this.#sql
        .exec(`SELECT MIN(ended_at) AS at FROM ${from} AND ended_at IS NOT NULL`)
        .toArray();
      return typeof row?.["at"] === "number" ? row["at"] + times[kept] : [];
    });
    return first.length === 0 ? undefined : Math.max(Math.min(...first), this.#prunedAt + times.pause);
  }
}

/** How long after the end of a message there is something to prune, at the earliest. */
export function firstPruneAfter(settings: ObjectSettings): number {
  const { ids, bodies } = timesOf(settings);
  return Math.min(ids, bodies);
}

/** In milliseconds: how long what is kept, and how long to wait between two looks. */
function timesOf({ keepIdsInDays, keepBodiesInDays }: ObjectSettings): {
  readonly ids: number;
  readonly bodies: number;
  readonly pause: number;
} {
  const ids = keepIdsInDays * DAY_MS;
  const bodies = keepBodiesInDays * DAY_MS;
  const pause = Math.max(Math.min(ids, bodies, MAX_PAUSE_MS), MIN_PAUSE_MS);
  return { ids, bodies, pause };
}

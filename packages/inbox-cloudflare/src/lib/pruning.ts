import type { ObjectSettings } from "./object-protocol.ts";
import type { SqlRow, SqlStorage } from "./sql-storage.ts";

const DAY_MS = 86_400_000;
/** The most that one alarm prunes of each kind. */
const STEP = 500;
/** Between two looks: an hour, or the time itself where that is shorter. */
const MAX_PAUSE_MS = 3_600_000;
const MIN_PAUSE_MS = 1000;
const ENDED_STATES = ["done", "discarded", "dead"] as const;

/** What is kept for how long, in milliseconds. */
interface Times {
  readonly ids: number;
  readonly bodies: number;
  /** Between two looks. */
  readonly pause: number;
}

/** Takes away what has been kept long enough, in bounded steps. */
export class Pruning {
  readonly #sql: SqlStorage;
  #prunedAt = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Prunes one step. */
  prune(settings: ObjectSettings, now: number): void {
    const { ids, bodies, pause } = timesOf(settings);
    if (now < this.#prunedAt + pause) return;
    let most = 0;
    const withBody = "parts > 0 AND state IN ('done', 'discarded')";
    most = this.#forget(
      this.#ids(`SELECT id FROM messages WHERE ${withBody} AND ended_at <= ? LIMIT ${STEP}`, [now - bodies]),
      "UPDATE messages SET parts = 0 WHERE id = ?",
    );
    for (const state of ENDED_STATES) {
      const old = this.#ids(`SELECT id FROM messages WHERE state = ? AND ended_at <= ? LIMIT ${STEP}`, [
        state,
        now - ids,
      ]);
      most = Math.max(most, this.#forget(old, "DELETE FROM messages WHERE id = ?"));
    }
    // More of the same may be left.
    this.#prunedAt = most < STEP ? now : now - pause + MIN_PAUSE_MS;
  }

  /** When something will have been kept long enough, if there is anything. */
  next(settings: ObjectSettings): number | undefined {
    const { ids, bodies, pause } = timesOf(settings);
    const oldest = [
      this.#oldest("parts > 0 AND state IN ('done', 'discarded')", bodies),
      ...ENDED_STATES.map((state) => this.#oldest(`state = '${state}'`, ids)),
    ].filter((at) => at !== undefined);
    return oldest.length === 0 ? undefined : Math.max(Math.min(...oldest), this.#prunedAt + pause);
  }

  #forget(messages: readonly number[], statement: string): number {
    for (const id of messages) {
      this.#sql.exec("DELETE FROM bodies WHERE message = ?", id);
      this.#sql.exec(statement, id);
    }
    return messages.length;
  }

  #oldest(where: string, keptFor: number): number | undefined {
    const [row] = this.#rows(
      `SELECT MIN(ended_at) AS at FROM messages WHERE ${where} AND ended_at IS NOT NULL`,
    );
    return typeof row?.["at"] === "number" ? row["at"] + keptFor : undefined;
  }

  #ids(query: string, bindings: readonly (string | number)[] = []): number[] {
    return this.#rows(query, bindings).map((row) => Number(row["id"]));
  }

  #rows(query: string, bindings: readonly (string | number)[] = []): SqlRow[] {
    return this.#sql.exec(query, ...bindings).toArray();
  }
}

/** How long after the end of a message there is something to prune, at the earliest. */
export function firstPruneAfter(settings: ObjectSettings): number {
  const { ids, bodies } = timesOf(settings);
  return Math.min(ids, bodies);
}

function timesOf({ keepIdsInDays, keepBodiesInDays }: ObjectSettings): Times {
  const ids = keepIdsInDays * DAY_MS;
  const bodies = keepBodiesInDays * DAY_MS;
  const pause = Math.max(Math.min(ids, bodies, MAX_PAUSE_MS), MIN_PAUSE_MS);
  return { ids, bodies, pause };
}

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../operations.ts";
import { STATE } from "./schema.ts";

/** How many messages are in which state: kept by every transaction, so that nobody ever counts them. */
export class Counts {
  readonly #sqlite: DatabaseSync;
  readonly #changes = new Map<number, number>();
  readonly #add;
  readonly #all;
  readonly #oldest;

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite;
    this.#add = sqlite.prepare("UPDATE counts SET n = n + ? WHERE state = ?");
    this.#all = sqlite.prepare("SELECT state, n FROM counts");
    this.#oldest = sqlite.prepare(
      `SELECT received_at AS at FROM messages INDEXED BY pending_messages WHERE state = ${STATE.pending} ORDER BY seq LIMIT 1`,
    );
  }

  /** Some messages have gone from one state to another, or have come, or are gone. */
  moved(from: number | null, to: number | null, count = 1): void {
    if (from !== null) this.#changes.set(from, (this.#changes.get(from) ?? 0) - count);
    if (to !== null) this.#changes.set(to, (this.#changes.get(to) ?? 0) + count);
  }

  /** To be called before a commit. */
  write(): void {
    for (const [state, change] of this.#changes) if (change !== 0) this.#add.run(change, state);
    this.#changes.clear();
  }

  /** To be called after a rollback. */
  forget(): void {
    this.#changes.clear();
  }

  read(): ReturnType<Operations["counts"]> {
    // What this very transaction has changed counts, too.
    if (this.#sqlite.isTransaction) this.write();
    const byState = new Map(this.#all.all().map(({ state, n }) => [state, Number(n)]));
    const of = (state: number): number => byState.get(state) ?? 0;
    const oldest = this.#oldest.get()?.["at"];
    return {
      pending: of(STATE.pending),
      running: of(STATE.running),
      done: of(STATE.done),
      dead: of(STATE.dead),
      oldestPendingInSeconds: oldest === undefined ? 0 : Math.max(0, (Date.now() - Number(oldest)) / 1000),
    };
  }
}

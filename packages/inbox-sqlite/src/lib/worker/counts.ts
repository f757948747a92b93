import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../operations.ts";
import { STATE } from "./schema.ts";

type Active = Operations["active"];
type Counts = Operations["counts"];

/** Looking at how many there are, by indexes alone: no row is read for it. */
export function countOperations(sqlite: DatabaseSync): {
  active: (ask: Active["ask"]) => Active["answer"];
  counts: () => Counts["answer"];
} {
  const active = sqlite.prepare("SELECT 1 FROM messages WHERE receiver = ? AND wake_at IS NOT NULL LIMIT 1");
  const all = sqlite.prepare("SELECT count(*) AS n FROM messages");
  const waking = sqlite.prepare(
    "SELECT state, count(*) AS n, min(seq) AS oldest FROM messages WHERE wake_at IS NOT NULL GROUP BY state",
  );
  const ended = [STATE.dead, STATE.discarded].map((state) =>
    sqlite.prepare(`SELECT count(*) AS n FROM messages WHERE state = ${state}`),
  );
  const received = sqlite.prepare("SELECT received_at AS at FROM messages WHERE seq = ?");
  return {
    active: ({ receiver }) => active.get(receiver) !== undefined,
    counts() {
      const byState = new Map(
        waking.all().map(({ state, n, oldest }) => [state, { n: Number(n), oldest: Number(oldest) }]),
      );
      const pending = byState.get(STATE.pending);
      const running = byState.get(STATE.running)?.n ?? 0;
      const [dead = 0, discarded = 0] = ended.map((statement) => Number(statement.get()?.["n"]));
      const total = Number(all.get()?.["n"]);
      const since = pending && Number(received.get(pending.oldest)?.["at"]);
      return {
        pending: pending?.n ?? 0,
        running,
        done: total - (pending?.n ?? 0) - running - dead - discarded,
        dead,
        oldestPendingInSeconds: since === undefined ? 0 : Math.max(0, (Date.now() - since) / 1000),
      };
    },
  };
}

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../operations.ts";
import { STATE } from "./schema.ts";

type Finish = Operations["finish"];

/** Writing down how a run ended: only by who still holds its lease. */
export function finishOperation(sqlite: DatabaseSync): (ask: Finish["ask"]) => Finish["answer"] {
  const end = sqlite.prepare(
    "UPDATE messages SET state = ?, wake_at = NULL, token = NULL, ended_at = ?, reason = ?, error = ? " +
      "WHERE seq = ? AND token = ?",
  );
  const wait = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.pending}, wake_at = ?, token = NULL, run = run - ? ` +
      "WHERE seq = ? AND token = ?",
  );
  return function finish({ seq, token, ending }) {
    const now = Date.now();
    if (ending.to === "done" || ending.to === "dead") {
      const { state, reason, error } =
        ending.to === "done"
          ? { state: STATE.done, reason: null, error: null }
          : { state: STATE.dead, reason: ending.reason, error: ending.error };
      return { held: end.run(state, now, reason, error, seq, token).changes === 1, dueAt: null };
    }
    const released = ending.to === "released";
    const dueAt = released ? now : now + Math.ceil(ending.delayInMs);
    return { held: wait.run(dueAt, released ? 1 : 0, seq, token).changes === 1, dueAt };
  };
}

import type { Operations } from "../operations.ts";
import type { Connection } from "./connection.ts";
import { STATE } from "./schema.ts";

/** Writing down how runs ended: of those whose lease still stands. */
export function finishOperation({ sqlite, counts, serial }: Connection): Operations["finish"] {
  const ours = `WHERE seq = ? AND owner = ? AND claim = ? AND state = ${STATE.running}`;
  const end = sqlite.prepare(
    "UPDATE messages SET state = ?, owner = NULL, claim = NULL, besides = 0, ended_at = ?, reason = ?, error_name = ?, " +
      `error = ?, error_stack = ? ${ours}`,
  );
  const wait = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.pending}, owner = NULL, claim = NULL, due_at = ?, since = ?, reason = ?, ` +
      `error_name = ?, error = ?, error_stack = ? ${ours}`,
  );
  const release = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.pending}, run = run - 1, owner = NULL, claim = NULL, due_at = ?, since = ? ${ours}`,
  );

  return (ended) =>
    ended.map(({ seq, lease: { owner, claim }, ending }) => {
      const now = Date.now();
      const state = ending.to === "done" ? STATE.done : ending.to === "dead" ? STATE.dead : STATE.pending;
      let changes: number | bigint;
      if (ending.to === "released") ({ changes } = release.run(now, now, seq, owner, claim));
      else if (ending.to === "done")
        ({ changes } = end.run(state, now, null, null, null, null, seq, owner, claim));
      else {
        const { reason, error } = ending;
        const { name, message, stack } = error;
        ({ changes } =
          ending.to === "dead"
            ? end.run(state, now, reason, name, message, stack, seq, owner, claim)
            : wait.run(
                now + Math.ceil(ending.delayInMs),
                now,
                reason,
                name,
                message,
                stack,
                seq,
                owner,
                claim,
              ));
      }
      const held = changes === 1;
      if (held) counts.moved(STATE.running, state);
      if (held) serial.letNextAfter(seq);
      return held;
    });
}

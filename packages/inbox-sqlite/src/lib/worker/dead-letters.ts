import type { DatabaseSync } from "node:sqlite";
import type { Operations, StoredDeadLetter } from "../operations.ts";
import { STATE } from "./schema.ts";

type DeadLetterOperations = {
  [Name in "listDead" | "replay" | "discard" | "countDead" | "replayOldest"]: (
    ask: Operations[Name]["ask"],
  ) => Operations[Name]["answer"];
};

const QUEUE = `UPDATE messages SET state = ${STATE.pending}, run = 0, wake_at = ?, ended_at = NULL, reason = NULL, error = NULL`;

/** What can be done with dead letters. */
export function deadLetterOperations(sqlite: DatabaseSync): DeadLetterOperations {
  const list = sqlite.prepare(
    "SELECT seq, receiver, message_id AS messageId, timestamp, raw_body AS rawBody, event_type AS eventType, " +
      "secret_name AS secretName, run AS runs, reason, error, received_at AS receivedAt, ended_at AS diedAt " +
      `FROM messages JOIN bodies USING (seq) WHERE state = ${STATE.dead} AND (ended_at, seq) < (?, ?) ` +
      "ORDER BY ended_at DESC, seq DESC LIMIT ?",
  );
  const replay = sqlite.prepare(`${QUEUE} WHERE state = ${STATE.dead} AND ended_at = ? AND seq = ?`);
  const discard = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.discarded}, ended_at = ? WHERE state = ${STATE.dead} AND ended_at = ? AND seq = ?`,
  );
  const count = sqlite.prepare(`SELECT count(*) AS total FROM messages WHERE state = ${STATE.dead}`);
  const newest = sqlite.prepare(
    `SELECT ended_at AS diedAt, seq FROM messages WHERE state = ${STATE.dead} ORDER BY ended_at DESC, seq DESC LIMIT 1`,
  );
  const replayOldest = sqlite.prepare(
    `${QUEUE} WHERE seq IN (SELECT seq FROM messages WHERE state = ${STATE.dead} AND (ended_at, seq) <= (?, ?) ` +
      "ORDER BY ended_at, seq LIMIT ?)",
  );
  return {
    listDead: ({ limit, after }) =>
      list.all(
        after?.diedAt ?? Number.MAX_SAFE_INTEGER,
        after?.seq ?? 0,
        limit,
      ) as unknown as StoredDeadLetter[],
    replay: ({ diedAt, seq }) => replay.run(Date.now(), diedAt, seq).changes === 1,
    discard: ({ diedAt, seq }) => discard.run(Date.now(), diedAt, seq).changes === 1,
    countDead: () => ({
      total: Number(count.get()?.["total"]),
      newest: (newest.get() as { diedAt: number; seq: number } | undefined) ?? null,
    }),
    replayOldest: ({ newest: { diedAt, seq }, limit }) => ({
      replayed: Number(replayOldest.run(Date.now(), diedAt, seq, limit).changes),
    }),
  };
}

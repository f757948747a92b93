import type { DeadFilter, DeadPlace } from "@diffio-webhooks/core/inbox";
import type { Operations } from "../operations.ts";
import type { Connection } from "./connection.ts";
import { RECORD_COLUMNS, REQUEUE, type RecordRow, toRecord } from "./messages.ts";
import { STATE } from "./schema.ts";

type DeadOperations = Pick<Operations, "listDead" | "replay" | "discard" | "countDead" | "replayOldest">;

const FITS =
  `state = ${STATE.dead} AND (:eventType IS NULL OR event_type = :eventType) AND (:reason IS NULL OR reason = :reason) ` +
  "AND (:since IS NULL OR ended_at >= :since) AND (:until IS NULL OR ended_at < :until)";

/** What can be done with dead letters. */
export function deadLetterOperations({ sqlite, counts, serial }: Connection): DeadOperations {
  const list = sqlite.prepare(
    `SELECT ${RECORD_COLUMNS}, raw_body AS rawBody FROM messages JOIN bodies USING (seq) ` +
      `WHERE state = ${STATE.dead} AND (ended_at, seq) < (?, ?) ORDER BY ended_at DESC, seq DESC LIMIT ?`,
  );
  const replay = sqlite.prepare(`${REQUEUE} WHERE state = ${STATE.dead} AND ended_at = ?2 AND seq = ?3`);
  const discard = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.discarded}, ended_at = ? WHERE state = ${STATE.dead} AND ended_at = ? AND seq = ?`,
  );
  const count = sqlite.prepare(`SELECT count(*) AS total FROM messages WHERE ${FITS}`);
  const newest = sqlite.prepare(
    `SELECT ended_at AS diedAt, seq FROM messages WHERE ${FITS} ORDER BY ended_at DESC, seq DESC LIMIT 1`,
  );
  const oldest = sqlite.prepare(
    `SELECT seq FROM messages WHERE ${FITS} AND (ended_at, seq) <= (:diedAt, :seq) ORDER BY ended_at, seq LIMIT :limit`,
  );
  const requeue = sqlite.prepare(`${REQUEUE} WHERE seq = ?2`);
  const named = (filter: DeadFilter): Record<string, string | number | null> => ({ ...filter });

  return {
    listDead(limit, after) {
      const rows = list.all(after?.diedAt ?? Number.MAX_SAFE_INTEGER, after?.seq ?? 0, limit);
      return (rows as unknown as (RecordRow & { rawBody: Uint8Array })[]).map((row) => ({
        ...toRecord(row),
        rawBody: row.rawBody,
      }));
    },
    replay({ diedAt, seq }) {
      const isDead = replay.run(Date.now(), diedAt, seq).changes === 1;
      if (isDead) counts.moved(STATE.dead, STATE.pending);
      if (isDead) serial.hold(seq);
      return isDead;
    },
    discard({ diedAt, seq }) {
      const isDead = discard.run(Date.now(), diedAt, seq).changes === 1;
      if (isDead) counts.moved(STATE.dead, STATE.discarded);
      return isDead;
    },
    countDead: (filter) => ({
      total: Number(count.get(named(filter))?.["total"]),
      newest: (newest.get(named(filter)) as unknown as DeadPlace | undefined) ?? null,
    }),
    replayOldest(filter, { diedAt, seq }, limit) {
      const rows = oldest.all({ ...named(filter), diedAt, seq, limit });
      const now = Date.now();
      for (const row of rows) {
        requeue.run(now, Number(row["seq"]));
        serial.hold(Number(row["seq"]));
      }
      counts.moved(STATE.dead, STATE.pending, rows.length);
      return rows.length;
    },
  };
}

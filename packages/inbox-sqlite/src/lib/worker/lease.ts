import type { DatabaseSync } from "node:sqlite";
import type { LeasedMessage, Operations } from "../operations.ts";
import { STATE } from "./schema.ts";
import { nextToken } from "./token.ts";

type Lease = Operations["lease"];
type Due = Operations["due"];

interface Row {
  seq: number;
  run: number;
  wake_at: number;
  message_id: string;
  timestamp: number;
  event_type: string | null;
  secret_name: string | null;
  raw_body: Uint8Array;
}

/** Finding messages to run, and taking them. */
export function leaseOperations(
  sqlite: DatabaseSync,
  leaseInMs: number,
): { due: (ask: Due["ask"]) => Due["answer"]; lease: (ask: Lease["ask"]) => Lease["answer"] } {
  const isDue = sqlite.prepare(
    "SELECT 1 FROM messages WHERE receiver = ? AND state = ? AND wake_at <= ? LIMIT 1",
  );
  const nextDue = sqlite.prepare(
    `SELECT min(wake_at) AS at FROM messages WHERE receiver = ? AND state = ${STATE.pending} AND wake_at > ?`,
  );
  const select = sqlite.prepare(
    "SELECT seq, run, wake_at, message_id, timestamp, event_type, secret_name, raw_body " +
      "FROM messages JOIN bodies USING (seq) WHERE receiver = ? AND state = ? AND wake_at <= ? " +
      "ORDER BY wake_at LIMIT ?",
  );
  const take = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.running}, run = ?, wake_at = ?, token = ? WHERE seq = ?`,
  );
  let turn = 0;

  function nextDueAt(receivers: readonly string[], now: number): number | null {
    const times = receivers.map((receiver) => nextDue.get(receiver, now)?.["at"] as number | null);
    return times.reduce((least, at) => (least === null || (at !== null && at < least) ? at : least), null);
  }

  function takeFrom(receiver: string, state: number, now: number, limit: number): LeasedMessage[] {
    const rows = select.all(receiver, state, now, limit) as unknown as Row[];
    return rows.map((row) => {
      const interrupted = state === STATE.running;
      const run = row.run + (interrupted ? 0 : 1);
      const token = nextToken();
      take.run(run, now + leaseInMs, token, row.seq);
      return {
        seq: row.seq,
        token,
        run,
        expiredAt: interrupted ? row.wake_at : null,
        receiver,
        messageId: row.message_id,
        timestamp: row.timestamp,
        rawBody: row.raw_body,
        eventType: row.event_type,
        secretName: row.secret_name,
      };
    });
  }

  return {
    due({ receivers }) {
      const now = Date.now();
      const due = receivers.some(
        (receiver) => isDue.get(receiver, STATE.pending, now) ?? isDue.get(receiver, STATE.running, now),
      );
      return { due, nextDueAt: nextDueAt(receivers, now) };
    },
    lease({ receivers, limit }) {
      const now = Date.now();
      const leased: LeasedMessage[] = [];
      // Each receiver comes first in its turn, so that none starves behind another's backlog.
      turn = (turn + 1) % receivers.length;
      for (const receiver of [...receivers.slice(turn), ...receivers.slice(0, turn)]) {
        for (const state of [STATE.running, STATE.pending]) {
          if (leased.length < limit) leased.push(...takeFrom(receiver, state, now, limit - leased.length));
        }
      }
      return { leased, more: leased.length === limit, nextDueAt: nextDueAt(receivers, now) };
    },
  };
}

import type { MessageRecord } from "@diffio-webhooks/core/inbox";
import type { MessageState } from "@diffio-webhooks/core";
import type { Operations } from "../operations.ts";
import type { Connection } from "./connection.ts";
import { STATE } from "./schema.ts";

type MessageOperations = Pick<Operations, "list" | "body" | "requeue" | "remove">;

/** What is read of a message, for {@link toRecord}. */
export const RECORD_COLUMNS: string =
  "seq, receiver, message_id AS messageId, state, timestamp, event_type AS eventType, subject, secret_name AS secretName, " +
  "run AS runs, received_at AS receivedAt, started_at AS startedAt, ended_at AS endedAt, reason, error, " +
  "error_name AS errorName, error_stack AS errorStack";

/** How a message is queued again by hand. */
export const REQUEUE: string =
  `UPDATE messages SET state = ${STATE.pending}, run = 0, due_at = ?1, since = ?1, died = 0, besides = 0, ` +
  "ended_at = NULL, reason = NULL, error = NULL, error_name = NULL, error_stack = NULL";

const STATE_NAMES = Object.keys(STATE) as MessageState[];

/** A row, as it is read by {@link RECORD_COLUMNS}. */
export type RecordRow = Omit<MessageRecord, "state" | "error"> & {
  readonly state: number;
  readonly error: string | null;
  readonly errorName: string | null;
  readonly errorStack: string | null;
};

export function toRecord(row: RecordRow): MessageRecord {
  const { errorName, errorStack, error, state, ...rest } = row;
  return {
    ...rest,
    state: STATE_NAMES[state] ?? "pending",
    error: error === null ? null : { name: errorName ?? "", message: error, stack: errorStack },
  };
}

/** Looking at messages in any state, and what can be done with them. */
export function messageOperations({ sqlite, counts, serial }: Connection): MessageOperations {
  const body = sqlite.prepare("SELECT raw_body AS bytes FROM bodies WHERE seq = ?");
  const stateOf = sqlite.prepare("SELECT state FROM messages WHERE seq = ?");
  const requeue = sqlite.prepare(`${REQUEUE} WHERE seq = ?2`);
  const discard = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.discarded}, due_at = NULL, since = NULL, owner = NULL, claim = NULL, ` +
      "ended_at = ?, error = NULL, error_stack = NULL WHERE seq = ?",
  );
  const removeBody = sqlite.prepare("DELETE FROM bodies WHERE seq = ?");

  return {
    list(filter, limit, after) {
      const { state, receiver, messageId, eventType, subject, since, until } = filter;
      const terms: [string, string | number | null][] = [
        // Written out, so that the indexes of some states are used.
        [state === null ? "" : `state = ${STATE[state]} AND ? = 0`, state === null ? null : 0],
        ["message_id = ?", messageId],
        // Where the subject or the type is given, its index is the better one.
        ["receiver = ?", receiver],
        ["subject = ?", subject],
        [subject === null ? "event_type = ?" : "+event_type = ?", eventType],
        ["received_at >= ?", since],
        ["received_at < ?", until],
        ["seq < ?", after],
      ];
      const given = terms.filter(([, value]) => value !== null);
      const where = given.length === 0 ? "" : `WHERE ${given.map(([term]) => term).join(" AND ")}`;
      const statement = sqlite.prepare(
        `SELECT ${RECORD_COLUMNS} FROM messages ${where} ORDER BY seq DESC LIMIT ?`,
      );
      const rows = statement.all(...given.map(([, value]) => value), limit) as unknown as RecordRow[];
      return rows.map(toRecord);
    },
    body: (seq) => (body.get(seq)?.["bytes"] as Uint8Array | undefined) ?? null,
    requeue(seq) {
      const state = stateOf.get(seq)?.["state"];
      if (typeof state !== "number" || !body.get(seq)) return false;
      if (state === STATE.running) return true;
      requeue.run(Date.now(), seq);
      serial.hold(seq);
      counts.moved(state, STATE.pending);
      return true;
    },
    remove(seq) {
      const state = stateOf.get(seq)?.["state"];
      if (typeof state !== "number") return false;
      discard.run(Date.now(), seq);
      removeBody.run(seq);
      counts.moved(state, STATE.discarded);
      serial.letNextAfter(seq);
      return true;
    },
  };
}

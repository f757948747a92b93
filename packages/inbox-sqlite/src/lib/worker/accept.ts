import type { DatabaseSync } from "node:sqlite";
import type { Operations, StoredMessage } from "../operations.ts";
import { STATE } from "./schema.ts";
import { nextToken } from "./token.ts";

type Accept = Operations["accept"];
type AcceptInvalid = Operations["acceptInvalid"];

/** The two ways into the inbox. */
export function acceptOperations(
  sqlite: DatabaseSync,
  leaseInMs: number,
): {
  accept: (ask: Accept["ask"]) => Accept["answer"];
  acceptInvalid: (ask: AcceptInvalid["ask"]) => AcceptInvalid["answer"];
} {
  const insert = sqlite.prepare(
    "INSERT INTO messages (receiver, message_id, state, run, wake_at, token, received_at, timestamp, event_type, " +
      "secret_name, ended_at, reason, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const insertBody = sqlite.prepare("INSERT INTO bodies (seq, raw_body) VALUES (?, ?)");
  const find = sqlite.prepare("SELECT seq, state FROM messages WHERE receiver = ? AND message_id = ?");
  const removeBody = sqlite.prepare("DELETE FROM bodies WHERE seq = ?");
  const remove = sqlite.prepare("DELETE FROM messages WHERE seq = ?");

  /** The new row, or undefined where the id is known. */
  function store(
    { receiver, messageId, timestamp, rawBody, eventType, secretName }: StoredMessage,
    state: number,
    wakeAt: number | null,
    token: number | null,
    error: string | null,
  ): number | undefined {
    const now = Date.now();
    const dead = state === STATE.dead;
    const { changes, lastInsertRowid } = insert.run(
      receiver,
      messageId,
      state,
      state === STATE.running ? 1 : 0,
      wakeAt,
      token,
      now,
      timestamp,
      eventType,
      secretName,
      dead ? now : null,
      dead ? "invalid_payload" : null,
      error,
    );
    if (changes === 0) return undefined;
    insertBody.run(lastInsertRowid, rawBody);
    return Number(lastInsertRowid);
  }

  return {
    accept(ask) {
      const token = ask.lease ? nextToken() : null;
      const state = ask.lease ? STATE.running : STATE.pending;
      const wakeAt = Date.now() + (ask.lease ? leaseInMs : 0);
      const seq = store(ask, state, wakeAt, token, null);
      if (seq !== undefined) return { duplicate: false, seq, token };
      const known = find.get(ask.receiver, ask.messageId) as { seq: number; state: number };
      if (known.state !== STATE.dead) return { duplicate: true, seq: known.seq, token: null };
      // Judged anew with the bytes of this delivery, as if it had never been here.
      removeBody.run(known.seq);
      remove.run(known.seq);
      return { duplicate: false, seq: store(ask, state, wakeAt, token, null) ?? 0, token };
    },
    acceptInvalid: (ask) => ({
      duplicate: store(ask, STATE.dead, null, null, ask.error) === undefined,
    }),
  };
}

import type { Arrival, Stored } from "@diffio-webhooks/core/inbox";
import type { Operations } from "../operations.ts";
import type { Connection } from "./connection.ts";
import type { Owners } from "./owners.ts";
import { STATE } from "./schema.ts";

/** The ways into the inbox. */
export function acceptOperation(
  { sqlite, counts, serial }: Connection,
  owners: Owners,
): Operations["accept"] {
  const insert = sqlite.prepare(
    "INSERT INTO messages (receiver, message_id, state, run, due_at, since, owner, claim, received_at, started_at, " +
      "timestamp, event_type, subject, secret_name, ended_at, reason, error_name, error) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const insertBody = sqlite.prepare("INSERT INTO bodies (seq, raw_body) VALUES (?, ?)");
  const find = sqlite.prepare(
    "SELECT seq, state, raw_body = ? AS same FROM messages LEFT JOIN bodies USING (seq) WHERE message_id = ? AND receiver = ?",
  );
  const removeBody = sqlite.prepare("DELETE FROM bodies WHERE seq = ?");
  const remove = sqlite.prepare("DELETE FROM messages WHERE seq = ?");
  const isPaused = sqlite.prepare("SELECT 1 FROM paused WHERE receiver IN (?, '')");

  /** The new row, or undefined where the id is known. */
  function store(
    arrival: Arrival,
    lease: { readonly owner: number; readonly claim: number } | null,
  ): number | undefined {
    const { receiver, messageId, timestamp, rawBody, eventType, subject, secretName, invalid } = arrival;
    const now = Date.now();
    const state = invalid !== null ? STATE.dead : lease ? STATE.running : STATE.pending;
    const waits = state === STATE.pending && !serial.holds(subject) ? now : null;
    const { changes, lastInsertRowid } = insert.run(
      receiver,
      messageId,
      state,
      lease ? 1 : 0,
      waits,
      waits,
      lease?.owner ?? null,
      lease?.claim ?? null,
      now,
      lease ? now : null,
      timestamp,
      eventType,
      subject,
      secretName,
      invalid === null ? null : now,
      invalid === null ? null : "invalid_payload",
      invalid === null ? null : "WebhookError",
      invalid,
    );
    if (changes === 0) return undefined;
    insertBody.run(lastInsertRowid, rawBody);
    counts.moved(null, state);
    if (state === STATE.pending) serial.letNext(receiver, subject);
    return Number(lastInsertRowid);
  }

  return (arrivals, lease) => {
    const owned = lease && owners.mayRun(lease.owner) ? lease : null;
    return arrivals.map((arrival): Stored => {
      const { receiver, messageId, rawBody, invalid, subject } = arrival;
      const starts =
        arrival.start && owned && !serial.holds(subject) && !isPaused.get(receiver) ? owned : null;
      const seq = store(arrival, starts);
      if (seq !== undefined) return { duplicate: false, sameBody: null, seq, started: starts !== null };
      const known = find.get(rawBody, messageId, receiver) as {
        seq: number;
        state: number;
        same: number | null;
      };
      if (known.state !== STATE.dead || invalid !== null) {
        const sameBody = known.same === null ? null : known.same === 1;
        return { duplicate: true, sameBody, seq: known.seq, started: false };
      }
      // Judged anew with the bytes of this delivery, as if it had never been here.
      removeBody.run(known.seq);
      remove.run(known.seq);
      counts.moved(STATE.dead, null);
      return { duplicate: false, sameBody: null, seq: store(arrival, starts) ?? 0, started: starts !== null };
    });
  };
}

import type { ClaimedMessage } from "@diffio-webhooks/core/inbox";
import type { Operations } from "../operations.ts";
import type { Connection } from "./connection.ts";
import type { Owners } from "./owners.ts";
import { DIED, MAX_BESIDES, STATE } from "./schema.ts";

const DIED_AS = { [DIED.no]: null, [DIED.alone]: "alone", [DIED.beside]: "beside" } as const;

interface Row {
  readonly seq: number;
  readonly run: number;
  readonly died: keyof typeof DIED_AS;
  readonly messageId: string;
  readonly timestamp: number;
  readonly eventType: string | null;
  readonly subject: string | null;
  readonly secretName: string | null;
  readonly rawBody: Uint8Array;
}

/** Taking messages that are due. */
export function claimOperation({ sqlite, counts }: Connection, owners: Owners): Operations["claim"] {
  const dueOf = (index: string, besides: string) =>
    sqlite.prepare(
      "SELECT seq, run, died, message_id AS messageId, timestamp, event_type AS eventType, subject, " +
        `secret_name AS secretName, raw_body AS rawBody FROM messages INDEXED BY ${index} JOIN bodies USING (seq) ` +
        `WHERE receiver = ? AND state = ${STATE.pending} AND besides ${besides} ${MAX_BESIDES} AND due_at <= ? ` +
        "AND NOT EXISTS (SELECT 1 FROM paused WHERE paused.receiver IN (messages.receiver, '')) " +
        "ORDER BY due_at LIMIT ?",
    );
  const due = dueOf("due_messages", "<");
  const dueAlone = dueOf("due_alone_messages", ">=");
  const take = sqlite.prepare(
    `UPDATE messages SET state = ${STATE.running}, run = ?, died = 0, due_at = NULL, since = NULL, owner = ?, claim = ?, ` +
      "started_at = ? WHERE seq = ?",
  );

  return (wanted, lease, alone) => {
    if (!owners.mayRun(lease.owner)) return null;
    const now = Date.now();
    const claimed: ClaimedMessage[] = [];
    for (const { receiver, limit } of wanted) {
      const rows = (alone ? dueAlone : due).all(receiver, now, limit) as unknown as Row[];
      for (const { died, ...row } of rows) {
        const run = row.run + (died === DIED.alone ? 0 : 1);
        take.run(run, lease.owner, lease.claim, now, row.seq);
        claimed.push({ ...row, receiver, run, died: DIED_AS[died] });
      }
    }
    counts.moved(STATE.pending, STATE.running, claimed.length);
    return claimed;
  };
}

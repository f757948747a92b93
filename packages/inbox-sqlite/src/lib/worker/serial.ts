import type { DatabaseSync } from "node:sqlite";
import { STATE } from "./schema.ts";

/** The order of messages about one subject: at most one of them is due or running. Without `serialBy`, it does nothing. */
export interface Serial {
  /** Whether a message waits for {@link letNext}, instead of being due at once. */
  holds(subject: string | null): boolean;
  /** Makes the earliest of those that wait due, unless another one is due or running. */
  letNext(receiver: string, subject: string | null): void;
  /** The same, after something has become of that message. */
  letNextAfter(seq: number): void;
  /** A message has been queued again: it waits for others about its subject, too. */
  hold(seq: number): void;
  /** Lets go what waits for nothing: the option has been changed. */
  repair(): void;
}

export function createSerial(sqlite: DatabaseSync, isSerial: boolean): Serial {
  const active = `FROM messages INDEXED BY active_subjects WHERE receiver = ?1 AND subject = ?2 AND state IN (${STATE.pending}, ${STATE.running})`;
  const leads = sqlite.prepare(
    `SELECT 1 ${active} AND (state = ${STATE.running} OR due_at IS NOT NULL) LIMIT 1`,
  );
  const next = sqlite.prepare(`SELECT seq ${active} AND due_at IS NULL ORDER BY seq LIMIT 1`);
  const letGo = sqlite.prepare("UPDATE messages SET due_at = ?1, since = ?1 WHERE seq = ?2");
  const wait = sqlite.prepare("UPDATE messages SET due_at = NULL, since = NULL WHERE seq = ?");
  const subjectOf = sqlite.prepare("SELECT receiver, subject FROM messages WHERE seq = ?");
  const waiting = sqlite.prepare(
    `SELECT DISTINCT receiver, subject FROM messages INDEXED BY pending_messages WHERE state = ${STATE.pending} AND due_at IS NULL`,
  );
  const letAllGo = sqlite.prepare(
    `UPDATE messages SET due_at = ?1, since = ?1 WHERE state = ${STATE.pending} AND due_at IS NULL`,
  );

  function letNext(receiver: string, subject: string | null): void {
    if (!isSerial || subject === null || leads.get(receiver, subject)) return;
    const row = next.get(receiver, subject);
    if (row) letGo.run(Date.now(), Number(row["seq"]));
  }

  return {
    holds: (subject) => isSerial && subject !== null,
    letNext,
    letNextAfter(seq) {
      if (!isSerial) return;
      const row = subjectOf.get(seq) as { receiver: string; subject: string | null } | undefined;
      if (row) letNext(row.receiver, row.subject);
    },
    hold(seq) {
      if (!isSerial) return;
      const row = subjectOf.get(seq) as { receiver: string; subject: string | null } | undefined;
      if (!row || row.subject === null) return;
      wait.run(seq);
      letNext(row.receiver, row.subject);
    },
    repair() {
      if (!isSerial) letAllGo.run(Date.now());
      else
        for (const { receiver, subject } of waiting.all())
          letNext(String(receiver), subject === null ? null : String(subject));
    },
  };
}

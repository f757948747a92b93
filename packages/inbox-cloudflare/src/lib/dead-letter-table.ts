import type { DeadLetter, FailureReason } from "@diffio-webhooks/core";
import { loadBody } from "./bodies.ts";
import { handleOf, positionOf } from "./dead-letter-handle.ts";
import type { DeadLetterPart, ReplayPlan } from "./object-protocol.ts";
import { type SqlRow, type SqlStorage, optionalText, textOf } from "./sql-storage.ts";

/** An answer of a Durable Object takes at most 32 MiB. */
const MAX_PART_BYTES = 8 * 1_048_576;

/** The dead ones among the messages. */
export class DeadLetterTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Newest first. */
  list(limit: number, after: string | undefined): DeadLetterPart {
    const letters: DeadLetter[] = [];
    const { diedAt, id } = (after === undefined ? undefined : positionOf(after)) ?? {
      diedAt: Number.MAX_SAFE_INTEGER,
      id: 0,
    };
    const rows = this.#rows(
      `SELECT id, receiver, message_id, event_type, runs, reason, error, received_at, ended_at FROM messages
       WHERE state = 'dead' AND ended_at IS NOT NULL AND (ended_at, id) < (?, ?) ORDER BY ended_at DESC, id DESC LIMIT ?`,
      [diedAt, id, limit],
    );
    let bytes = 0;
    for (const row of rows) {
      if (bytes > MAX_PART_BYTES) return { letters, more: true };
      const letter = toDeadLetter(row, loadBody(this.#sql, Number(row["id"])));
      letters.push(letter);
      bytes += letter.rawBody.length;
    }
    return { letters, more: false };
  }

  /** The message behind a handle. */
  find(handle: string): number | undefined {
    const position = positionOf(handle);
    if (!position) return undefined;
    const [row] = this.#rows("SELECT id FROM messages WHERE id = ? AND state = 'dead'", [position.id]);
    return row && position.id;
  }

  discard(id: number, now: number): void {
    this.#rows("UPDATE messages SET state = 'discarded', ended_at = ?, error = NULL WHERE id = ?", [now, id]);
  }

  plan(now: number): ReplayPlan {
    const [row] = this.#rows(
      "SELECT COUNT(*) AS total FROM messages WHERE state = 'dead' AND ended_at <= ?",
      [now],
    );
    return { total: Number(row?.["total"]), diedUntil: now };
  }

  /** The oldest of those that a `replayAll` has still to replay. */
  next({ diedUntil }: ReplayPlan, limit: number): number[] {
    return this.#rows(
      "SELECT id FROM messages WHERE state = 'dead' AND ended_at <= ? ORDER BY ended_at, id LIMIT ?",
      [diedUntil, limit],
    ).map((row) => Number(row["id"]));
  }

  #rows(query: string, bindings: readonly (string | number)[] = []): SqlRow[] {
    return this.#sql.exec(query, ...bindings).toArray();
  }
}

function toDeadLetter(row: SqlRow, rawBody: Uint8Array): DeadLetter {
  const eventType = optionalText(row["event_type"]);
  return {
    id: handleOf({ diedAt: Number(row["ended_at"]), id: Number(row["id"]) }),
    messageId: textOf(row["message_id"]),
    receiver: textOf(row["receiver"]),
    ...(eventType !== undefined && { eventType }),
    rawBody,
    runs: Number(row["runs"]),
    reason: row["reason"] as FailureReason,
    error: textOf(row["error"]),
    receivedAt: new Date(Number(row["received_at"])),
    diedAt: new Date(Number(row["ended_at"])),
  };
}

import type { InboxCounts } from "@diffio-webhooks/core";
import type { LeaseHolder, RunEnd, StoredMessage } from "./object-protocol.ts";
import { addBody, loadBody, partsOf, removeBody } from "./bodies.ts";
import { type ObjectStorage, type SqlRow, type SqlValue, optionalText, textOf } from "./sql-storage.ts";

/** What is looked at of a message before something is decided. */
export interface MessageState {
  readonly id: number;
  readonly receiver: string;
  readonly state: "pending" | "running" | "done" | "dead" | "discarded";
  readonly runs: number;
  readonly queued: boolean;
  readonly wakeAt: number;
  readonly token: string | undefined;
}

/** Why a message is a dead letter. */
export interface Death {
  readonly reason: string;
  readonly error: string;
}

/** Those that are pending or running. SQLite is told which index to use: else it scans those of the receiver. */
const ACTIVE = "messages INDEXED BY messages_to_wake WHERE wake_at IS NOT NULL";
const STATE_COLUMNS = "id, receiver, state, runs, queued, wake_at, token";

/** The messages: one row each, whose body stands beside it. Every method is one atomic step. */
export class MessageTable {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  findByMessageId(receiver: string, messageId: string): MessageState | undefined {
    return toState(
      this.#rows(`SELECT ${STATE_COLUMNS} FROM messages WHERE receiver = ? AND message_id = ?`, [
        receiver,
        messageId,
      ]),
    );
  }

  findById(id: number): MessageState | undefined {
    return toState(this.#rows(`SELECT ${STATE_COLUMNS} FROM messages WHERE id = ?`, [id]));
  }

  /** Adds a message that waits for its first run. */
  addPending(message: StoredMessage, now: number, wakeAt: number): number {
    return this.#add(message, now, { state: "pending", queued: 1, wakeAt, death: undefined });
  }

  /** Adds a message that is no event. */
  addDead(message: StoredMessage, now: number, death: Death): number {
    return this.#add(message, now, { state: "dead", queued: 0, wakeAt: null, death });
  }

  #add(
    message: StoredMessage,
    now: number,
    row: { state: string; queued: number; wakeAt: number | null; death: Death | undefined },
  ): number {
    const { receiver, messageId, timestamp, eventType = null, secretName = null, rawBody } = message;
    const { state, queued, wakeAt, death } = row;
    return this.#storage.transactionSync(() => {
      const [added] = this.#rows(
        `INSERT INTO messages (receiver, message_id, state, timestamp, event_type, secret_name, received_at, runs,
           queued, sends, wake_at, reason, error, ended_at, parts)
         VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
        [
          receiver,
          messageId,
          state,
          timestamp,
          eventType,
          secretName,
          now,
          queued,
          queued,
          wakeAt,
          death?.reason ?? null,
          death?.error ?? null,
          death ? now : null,
          partsOf(rawBody),
        ],
      );
      const id = Number(added?.["id"]);
      addBody(this.#storage.sql, id, rawBody);
      return id;
    });
  }

  /** A resend of a dead message: it waits for its first run again, with what was delivered now. */
  revive(id: number, message: StoredMessage, now: number, wakeAt: number): void {
    const { timestamp, eventType = null, secretName = null, rawBody } = message;
    this.#storage.transactionSync(() => {
      this.#rows(
        `UPDATE messages SET timestamp = ?, event_type = ?, secret_name = ?, received_at = ?, parts = ? WHERE id = ?`,
        [timestamp, eventType, secretName, now, partsOf(rawBody), id],
      );
      removeBody(this.#storage.sql, id);
      addBody(this.#storage.sql, id, rawBody);
      this.restart(id, wakeAt);
    });
  }

  /** A dead message waits for its first run again. */
  restart(id: number, wakeAt: number): void {
    this.#rows(
      `UPDATE messages SET state = 'pending', runs = 0, queued = 1, sends = 1, wake_at = ?, token = NULL,
         reason = NULL, error = NULL, ended_at = NULL WHERE id = ?`,
      [wakeAt, id],
    );
  }

  /** A queue message is on its way to a message that has not got one. */
  queue(id: number, wakeAt: number): void {
    this.#rows("UPDATE messages SET queued = 1, sends = sends + 1, wake_at = ? WHERE id = ?", [wakeAt, id]);
  }

  /** The queue has not taken it: it is looked at again at that time, unless it came through all the same. */
  notQueued(id: number, wakeAt: number): void {
    this.#rows("UPDATE messages SET queued = 0, wake_at = ? WHERE id = ? AND queued = 1", [wakeAt, id]);
  }

  /**
   * Those that the alarm has to look at: their backoff is over, their queue message is lost, or their lease has run
   * out: then another run may take over, and as long as none has, the one that is late may still end.
   *
   * @param nextWake when to look again, from how many queue messages were sent for it.
   */
  wake(now: number, limit: number, nextWake: (sends: number) => number): number[] {
    const due = this.#rows("SELECT id, sends FROM messages WHERE wake_at <= ? ORDER BY wake_at LIMIT ?", [
      now,
      limit,
    ]);
    return due.map((row) => {
      const [id, sends] = [Number(row["id"]), Number(row["sends"])];
      this.queue(id, nextWake(sends + 1));
      return id;
    });
  }

  lease({ id, token }: LeaseHolder, run: number, until: number): void {
    this.#rows(
      "UPDATE messages SET state = 'running', runs = ?, queued = 0, sends = 0, token = ?, wake_at = ? WHERE id = ?",
      [run, token, until, id],
    );
  }

  renew({ id, token }: LeaseHolder, until: number): boolean {
    const held =
      "UPDATE messages SET queued = 0, wake_at = ? WHERE id = ? AND token = ? AND state = 'running' RETURNING id";
    return this.#rows(held, [until, id, token]).length > 0;
  }

  end({ id, token }: LeaseHolder, end: RunEnd, now: number): boolean {
    const held = "WHERE id = ? AND token = ? AND state = 'running' RETURNING id";
    if (end.state === "pending") {
      const dueAt = now + end.delayInSeconds * 1000;
      return (
        this.#rows(`UPDATE messages SET state = 'pending', queued = 0, wake_at = ? ${held}`, [
          dueAt,
          id,
          token,
        ]).length > 0
      );
    }
    const { reason, error } = end.state === "dead" ? end : { reason: null, error: null };
    const ended = `UPDATE messages SET state = ?, queued = 0, wake_at = NULL, ended_at = ?, reason = ?, error = ? ${held}`;
    return this.#rows(ended, [end.state, now, reason, error, id, token]).length > 0;
  }

  /** The last run ended without a word. */
  die(id: number, now: number, { reason, error }: Death): void {
    this.#rows(
      `UPDATE messages SET state = 'dead', queued = 0, wake_at = NULL, token = NULL, ended_at = ?, reason = ?, error = ?
       WHERE id = ?`,
      [now, reason, error, id],
    );
  }

  load(id: number): StoredMessage {
    const [row = {}] = this.#rows(
      "SELECT receiver, message_id, timestamp, event_type, secret_name FROM messages WHERE id = ?",
      [id],
    );
    return {
      receiver: textOf(row["receiver"]),
      messageId: textOf(row["message_id"]),
      timestamp: Number(row["timestamp"]),
      eventType: optionalText(row["event_type"]),
      secretName: optionalText(row["secret_name"]),
      rawBody: loadBody(this.#storage.sql, id),
    };
  }

  isIdle(receiver: string): boolean {
    const active = `SELECT 1 FROM ${ACTIVE} AND receiver = ? LIMIT 1`;
    return this.#rows(active, [receiver]).length === 0;
  }

  nextWake(): number | undefined {
    const [row] = this.#rows(`SELECT MIN(wake_at) AS at FROM ${ACTIVE}`);
    return typeof row?.["at"] === "number" ? row["at"] : undefined;
  }

  counts(now: number): InboxCounts {
    const active = this.#rows(
      `SELECT state, COUNT(*) AS count, MIN(received_at) AS oldest FROM ${ACTIVE}
       GROUP BY state`,
    );
    const ended = (state: string): number =>
      Number(
        this.#rows("SELECT COUNT(*) AS count FROM messages WHERE state = ? AND ended_at IS NOT NULL", [
          state,
        ])[0]?.["count"],
      );
    const pending = active.find((row) => row["state"] === "pending");
    const running = active.find((row) => row["state"] === "running");
    return {
      pending: Number(pending?.["count"] ?? 0),
      running: Number(running?.["count"] ?? 0),
      done: ended("done"),
      dead: ended("dead"),
      oldestPendingInSeconds: pending ? Math.max(0, now - Number(pending["oldest"])) / 1000 : 0,
    };
  }

  #rows(query: string, bindings: readonly (SqlValue | Uint8Array)[] = []): SqlRow[] {
    return this.#storage.sql.exec(query, ...bindings).toArray();
  }
}

function toState([row]: SqlRow[]): MessageState | undefined {
  if (!row) return undefined;
  return {
    id: Number(row["id"]),
    receiver: textOf(row["receiver"]),
    state: row["state"] as MessageState["state"],
    runs: Number(row["runs"]),
    queued: row["queued"] === 1,
    wakeAt: Number(row["wake_at"] ?? 0),
    token: optionalText(row["token"]),
  };
}

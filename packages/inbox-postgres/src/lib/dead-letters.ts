import type { DeadLetter, DeadLetters, FailureReason } from "@diffio-webhooks/core";
import { checkPage, deadLetterNotFound, unknownPage } from "@diffio-webhooks/core/inbox";
import type { Connection } from "./connection.ts";
import type { Transaction } from "./database.ts";
import { milliseconds } from "./message-row.ts";
import { fromStored } from "./text.ts";
import { unavailable } from "./unavailable.ts";

/** Where a dead letter stands in the order of their deaths: what its id says. */
interface Place {
  /** Microseconds since the epoch, as text: PostgreSQL's own precision. */
  readonly diedAt: string;
  /** As it is stored. */
  readonly receiver: string;
  readonly messageId: string;
}

interface DeadRow {
  readonly died_at: string;
  readonly receiver: string;
  readonly message_id: string;
  readonly event_type: string | null;
  readonly body: Uint8Array;
  readonly run: number;
  readonly reason: FailureReason;
  readonly error: string;
  readonly received_at: string;
}

const BATCH = 200;

/** Makes what looks after the dead letters. It needs the database only. */
export function createDeadLetters(connection: Connection, onReplayed: () => void): DeadLetters {
  async function run<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    try {
      return await (await connection.database()).transaction(work);
    } catch (error) {
      connection.failed(error);
      throw unavailable(error);
    }
  }

  async function change(id: string, statement: string): Promise<void> {
    const place = placeOf(id);
    const rows = place
      ? await run(({ query }) => query(statement, [place.receiver, place.messageId, place.diedAt]))
      : [];
    if (rows.length === 0) throw deadLetterNotFound(id);
  }

  return {
    async list(options) {
      const { limit, after } = checkPage(options);
      const place = after === undefined ? undefined : placeOf(after);
      if (after !== undefined && !place) throw unknownPage();
      const rows = await run(({ query }) =>
        query<DeadRow>(LIST, [
          limit,
          place?.diedAt ?? null,
          place?.receiver ?? null,
          place?.messageId ?? null,
        ]),
      );
      return rows.map(toDeadLetter);
    },
    async replay(id) {
      await change(id, REPLAY);
      onReplayed();
    },
    discard: (id) => change(id, DISCARD),
    async replayAll({ onProgress } = {}) {
      const [found] = await run(({ query }) => query<{ total: number; until: string }>(COUNT));
      const { total, until } = found ?? { total: 0, until: "0" };
      let replayed = 0;
      for (let batch = BATCH; batch === BATCH;) {
        const rows = await run(({ query }) => query(REPLAY_BATCH, [until]));
        batch = rows.length;
        replayed += batch;
        if (batch > 0) onReplayed();
        if (batch > 0) onProgress?.({ replayed, total: Math.max(total, replayed) });
      }
      return replayed;
    },
  };
}

function idOf({ diedAt, receiver, messageId }: Place): string {
  return [diedAt, messageId, Buffer.from(receiver).toString("base64url")].join(".");
}

function placeOf(id: string): Place | undefined {
  const [, diedAt, messageId, receiver] = /^(\d{1,18})\.([\w-]{1,128})\.([\w-]+)$/.exec(id) ?? [];
  if (diedAt === undefined || messageId === undefined || receiver === undefined) return undefined;
  const name = Buffer.from(receiver, "base64url").toString("latin1");
  // A NUL or the like never came from us, and the database would refuse it.
  return /^[\t\n\x20-\x7E]+$/.test(name) ? { diedAt, messageId, receiver: name } : undefined;
}

function toDeadLetter(row: DeadRow): DeadLetter {
  return {
    id: idOf({ diedAt: row.died_at, receiver: row.receiver, messageId: row.message_id }),
    messageId: row.message_id,
    receiver: fromStored(row.receiver),
    ...(row.event_type !== null && { eventType: fromStored(row.event_type) }),
    rawBody: row.body,
    runs: row.run,
    reason: row.reason,
    error: fromStored(row.error),
    receivedAt: new Date(Number(row.received_at)),
    diedAt: new Date(Math.floor(Number(row.died_at) / 1000)),
  };
}

const DIED_AT = "(extract(epoch FROM at) * 1000000)::bigint";

const timeOf = (parameter: string): string =>
  `(timestamptz 'epoch' + ${parameter}::bigint * interval '1 microsecond')`;

const LIST = `
  SELECT ${DIED_AT}::text AS died_at, receiver, message_id, event_type, body, run, reason, error,
         ${milliseconds("received_at")} AS received_at
  FROM diffio_webhooks.messages
  WHERE state = 'dead'
    AND ($2::text IS NULL OR (at, receiver, message_id) < (${timeOf("$2::text")}, $3::text, $4::text))
  ORDER BY at DESC, receiver DESC, message_id DESC
  LIMIT $1`;

const SAME = `state = 'dead' AND receiver = $1 AND message_id = $2 AND at = ${timeOf("$3::text")}`;

const REPLAYED = "state = 'replayed', at = now(), run = 1, job_id = NULL, reason = NULL, error = NULL";

const REPLAY = `UPDATE diffio_webhooks.messages SET ${REPLAYED} WHERE ${SAME} RETURNING 1`;

const DISCARD = `
  UPDATE diffio_webhooks.messages SET state = 'discarded', at = now() WHERE ${SAME} RETURNING 1`;

const COUNT = `
  SELECT count(*)::int AS total, (extract(epoch FROM now()) * 1000000)::bigint::text AS until
  FROM diffio_webhooks.messages WHERE state = 'dead'`;

/** Those that died before it began: some may die again meanwhile. */
const REPLAY_BATCH = `
  UPDATE diffio_webhooks.messages SET ${REPLAYED}
  WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM diffio_webhooks.messages
    WHERE state = 'dead' AND at <= ${timeOf("$1::text")}
    ORDER BY at
    LIMIT ${BATCH}
    FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1`;

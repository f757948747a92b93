import type { MessageRecord, StoredMessage } from "@diffio-webhooks/core/inbox";
import type { MessageState } from "@diffio-webhooks/core";
import { fromStored } from "./text.ts";

/** A time as milliseconds since the epoch, in text: how the driver reads dates and large numbers is the app's to set. */
export const milliseconds = (column: string): string =>
  `floor(extract(epoch FROM ${column}) * 1000)::bigint::text`;

/** The columns of a {@link MessageRow} but its body, of the table `m`. */
export const MESSAGE_COLUMNS: string = `m.seq::text AS seq, m.receiver, m.message_id,
  ${milliseconds("m.signed_at")} AS signed_at, m.event_type, m.subject, m.secret_name`;

/** The columns of a {@link RecordRow}, of the table `m`. */
export const RECORD_COLUMNS: string = `${MESSAGE_COLUMNS}, m.state, m.run,
  ${milliseconds("m.received_at")} AS received_at, ${milliseconds("m.started_at")} AS started_at,
  ${milliseconds("m.ended_at")} AS ended_at, m.reason, m.error_name, m.error, m.error_stack`;

/**
 * How a message is queued again by hand.
 *
 * @param isSerial SQL: whether it waits for others about its subject.
 */
export const requeued = (isSerial: string): string => `state = 'pending', run = 0,
  due_at = CASE WHEN subject IS NULL OR NOT ${isSerial}::boolean THEN now() END,
  since = CASE WHEN subject IS NULL OR NOT ${isSerial}::boolean THEN now() END, died = 0, besides = 0, ended_at = NULL,
  reason = NULL, error_name = NULL, error = NULL, error_stack = NULL`;

/** A message as it is stored, as far as a run needs it. */
export interface MessageRow {
  readonly seq: string;
  readonly receiver: string;
  readonly message_id: string;
  readonly signed_at: string;
  readonly event_type: string | null;
  readonly subject: string | null;
  readonly secret_name: string | null;
}

/** A message with what became of it. */
export interface RecordRow extends MessageRow {
  readonly state: MessageState;
  readonly run: number;
  readonly received_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly reason: MessageRecord["reason"];
  readonly error_name: string | null;
  readonly error: string | null;
  readonly error_stack: string | null;
}

const textOrNull = (text: string | null): string | null => (text === null ? null : fromStored(text));
const timeOrNull = (text: string | null): number | null => (text === null ? null : Number(text));

export function toMessage(row: MessageRow): Omit<StoredMessage, "rawBody"> & { readonly seq: number } {
  return {
    seq: Number(row.seq),
    receiver: fromStored(row.receiver),
    messageId: row.message_id,
    timestamp: Number(row.signed_at),
    eventType: textOrNull(row.event_type),
    subject: textOrNull(row.subject),
    secretName: textOrNull(row.secret_name),
  };
}

export function toRecord(row: RecordRow): MessageRecord {
  return {
    ...toMessage(row),
    state: row.state,
    runs: row.run,
    receivedAt: Number(row.received_at),
    startedAt: timeOrNull(row.started_at),
    endedAt: timeOrNull(row.ended_at),
    reason: row.reason,
    error:
      row.error === null
        ? null
        : {
            name: fromStored(row.error_name ?? ""),
            message: fromStored(row.error),
            stack: textOrNull(row.error_stack),
          },
  };
}

import type { AcceptedMessage } from "@diffio-webhooks/core";
import { fromStored } from "./text.ts";

/** A message as it is stored, as far as a run needs it. */
export interface MessageRow {
  readonly receiver: string;
  readonly message_id: string;
  readonly job_id: string;
  readonly run: number;
  readonly signed_at: string;
  readonly event_type: string | null;
  readonly secret_name: string | null;
  readonly body: Uint8Array | null;
}

/** A time as milliseconds since the epoch, in text: how the driver reads dates and large numbers is the app's to set. */
export const milliseconds = (column: string): string =>
  `(extract(epoch FROM ${column}) * 1000)::bigint::text`;

/** The columns of a {@link MessageRow} but its body, of the table `m`. */
export const MESSAGE_COLUMNS: string = `m.receiver, m.message_id, m.job_id, m.run,
  ${milliseconds("m.signed_at")} AS signed_at, m.event_type, m.secret_name`;

/**
 * Whether a message that is found by its key is in a state. In these words, so that the planner does not find it by
 * the index of open messages: that would read all that wait.
 */
export const isInState = (state: "pending" | "running"): string => `m.state || '' = '${state}'`;

/**
 * The order in which a statement takes the messages that it is given by name. All take them in the same one, so that no
 * two transactions wait for each other in a ring.
 */
export const IN_LOCK_ORDER = `ORDER BY message_id COLLATE "C", receiver COLLATE "C"`;

/** The message that was accepted. */
export function toMessage(row: MessageRow): AcceptedMessage {
  return {
    receiver: fromStored(row.receiver),
    messageId: row.message_id,
    timestamp: new Date(Number(row.signed_at)),
    rawBody: row.body ?? new Uint8Array(),
    eventType: row.event_type === null ? undefined : fromStored(row.event_type),
    secretName: row.secret_name === null ? undefined : fromStored(row.secret_name),
  };
}

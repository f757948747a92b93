import { WebhookError } from "../../errors.ts";
import type { AcceptedMessage } from "../inbox.ts";
import type { MessageDetails, MessageSummary } from "../messages.ts";
import type { MessageRecord, StoredError, StoredMessage } from "./message-store.ts";

const MAX_ERROR_CHARACTERS = 4000;

/** What is kept of a message. */
export function toStored(message: AcceptedMessage): StoredMessage {
  const { receiver, messageId, timestamp, rawBody, eventType, subject, secretName } = message;
  return {
    receiver,
    messageId,
    timestamp: timestamp.getTime(),
    rawBody,
    eventType: eventType ?? null,
    subject: subject ?? null,
    secretName: secretName ?? null,
  };
}

/** The message as it was accepted, without what was beside it in its process. */
export function fromStored(stored: StoredMessage): AcceptedMessage {
  const { receiver, messageId, timestamp, rawBody, eventType, subject, secretName } = stored;
  return {
    receiver,
    messageId,
    timestamp: new Date(timestamp),
    rawBody,
    ...(eventType !== null && { eventType }),
    ...(subject !== null && { subject }),
    ...(secretName !== null && { secretName }),
  };
}

/** A run's error as it is kept: callbacks may throw anything. */
export function toStoredError(error: unknown): StoredError {
  try {
    if (error instanceof Error) {
      const { name, message, stack } = error;
      return { name: clip(name), message: clip(message), stack: stack === undefined ? null : clip(stack) };
    }
    return { name: "", message: clip(String(error)), stack: null };
  } catch {
    return { name: "", message: "An error that cannot be converted to text.", stack: null };
  }
}

function clip(text: unknown): string {
  return String(text).slice(0, MAX_ERROR_CHARACTERS);
}

/** The error as one line. */
export function errorLine({ name, message }: StoredError): string {
  return name === "" ? message : `${name}: ${message}`;
}

/** What is kept of an interrupted run. */
export function interruption(run: number): WebhookError {
  return new WebhookError("run_interrupted", `The process died during run ${run}.`);
}

/** A row as `messages.list` lists it. */
export function toSummary(record: MessageRecord): MessageSummary {
  const { seq, messageId, receiver, state, eventType, subject, runs, receivedAt, startedAt, endedAt, error } =
    record;
  return {
    id: String(seq),
    messageId,
    receiver,
    state,
    ...(eventType !== null && { eventType }),
    ...(subject !== null && { subject }),
    runs,
    receivedAt: new Date(receivedAt),
    ...(startedAt !== null && { startedAt: new Date(startedAt) }),
    ...(endedAt !== null && { endedAt: new Date(endedAt) }),
    ...(error !== null && { error: errorLine(error) }),
  };
}

/** A row with its body, as `messages.get` returns it. */
export function toDetails(record: MessageRecord, rawBody: Uint8Array | null): MessageDetails {
  const { error: _line, ...summary } = toSummary(record);
  const { timestamp, secretName, reason, error } = record;
  return {
    ...summary,
    timestamp: new Date(timestamp),
    ...(secretName !== null && { secretName }),
    ...(rawBody !== null && { rawBody }),
    ...(reason !== null && { reason }),
    ...(error !== null && {
      error: {
        name: error.name,
        message: error.message,
        ...(error.stack !== null && { stack: error.stack }),
      },
    }),
  };
}

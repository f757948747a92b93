import type { AcceptedMessage } from "@diffio-webhooks/core";
import type { StoredMessage } from "./operations.ts";

/** What is kept of a message. Its body is copied when it is handed to the worker. */
export function toStored(message: AcceptedMessage): StoredMessage {
  const { receiver, messageId, timestamp, rawBody, eventType = null, secretName = null } = message;
  return { receiver, messageId, timestamp: timestamp.getTime(), rawBody, eventType, secretName };
}

/** The message as it was accepted, without what was beside it in its process. */
export function fromStored(stored: StoredMessage): AcceptedMessage {
  const { receiver, messageId, timestamp, rawBody, eventType, secretName } = stored;
  return {
    receiver,
    messageId,
    timestamp: new Date(timestamp),
    rawBody,
    ...(eventType !== null && { eventType }),
    ...(secretName !== null && { secretName }),
  };
}

import type { AcceptedMessage } from "@diffio-webhooks/core";

/**
 * Messages that this process accepted and has not begun to run: their first run gets them as they came, with what the
 * receiver keeps beside them. Bounded, since another process may run them: what is not found here is read from the
 * database.
 */
export interface LocalMessages {
  keep(jobId: string, message: AcceptedMessage): void;
  take(jobId: string): AcceptedMessage | undefined;
}

const MAX_MESSAGES = 10_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Makes an empty one. */
export function createLocalMessages(): LocalMessages {
  const messages = new Map<string, AcceptedMessage>();
  let bytes = 0;

  function take(jobId: string): AcceptedMessage | undefined {
    const message = messages.get(jobId);
    if (message && messages.delete(jobId)) bytes -= message.rawBody.byteLength;
    return message;
  }

  return {
    keep(jobId, message) {
      messages.set(jobId, message);
      bytes += message.rawBody.byteLength;
      for (const oldest of messages.keys()) {
        if (messages.size <= MAX_MESSAGES && bytes <= MAX_BYTES) break;
        take(oldest);
      }
    },
    take,
  };
}

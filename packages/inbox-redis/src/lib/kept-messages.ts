import type { AcceptedMessage } from "@diffio-webhooks/core";

const MAX_BYTES = 64 * 1024 * 1024;
/** What a message costs beside its body, roughly. */
const OVERHEAD_BYTES = 4096;

/**
 * Messages accepted here, for their first run if it happens here: only they have the framework's own objects.
 * Bounded: others may run them, or they may wait for long. The oldest are let go of first, and run from the store.
 */
export interface KeptMessages {
  /** False where one of this id is kept already. */
  keep(message: AcceptedMessage): boolean;
  take(receiver: string, messageId: string): AcceptedMessage | undefined;
}

/** Makes an empty one. */
export function keptMessages(): KeptMessages {
  const messages = new Map<string, AcceptedMessage>();
  let bytes = 0;
  const keyOf = (receiver: string, messageId: string): string => `${messageId} ${receiver}`;
  const sizeOf = ({ rawBody }: AcceptedMessage): number => rawBody.byteLength + OVERHEAD_BYTES;

  function remove(key: string): AcceptedMessage | undefined {
    const message = messages.get(key);
    if (message && messages.delete(key)) bytes -= sizeOf(message);
    return message;
  }

  return {
    keep(message) {
      const key = keyOf(message.receiver, message.messageId);
      if (messages.has(key)) return false;
      messages.set(key, message);
      bytes += sizeOf(message);
      for (const oldest of messages.keys()) {
        if (bytes <= MAX_BYTES) break;
        remove(oldest);
      }
      return true;
    },
    take: (receiver, messageId) => remove(keyOf(receiver, messageId)),
  };
}

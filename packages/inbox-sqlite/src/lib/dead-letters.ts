import type { DeadLetter, DeadLetters } from "@diffio-webhooks/core";
import { checkPage, deadLetterNotFound, invalidOption } from "@diffio-webhooks/core/inbox";
import type { DeadLetterPlace, StoredDeadLetter } from "./operations.ts";
import type { StoreClient } from "./store-client.ts";

const REPLAYED_AT_ONCE = 100;

/**
 * The dead letters of the file.
 *
 * @param onReplayed told when some have been queued again.
 */
export function createDeadLetters(store: StoreClient, onReplayed: () => void): DeadLetters {
  return {
    async list(options) {
      const { limit, after } = checkPage(options);
      const place = after === undefined ? null : toPlace(after);
      if (place === undefined) {
        throw invalidOption(
          "after is not the id of a dead letter of this inbox.",
          "Give the id of the last one on the page before; it need not be there any more.",
        );
      }
      return (await store.send("listDead", { limit, after: place })).map(toDeadLetter);
    },
    async replay(id) {
      const place = toPlace(id);
      if (!place || !(await store.send("replay", place))) throw deadLetterNotFound(id);
      onReplayed();
    },
    async discard(id) {
      const place = toPlace(id);
      if (!place || !(await store.send("discard", place))) throw deadLetterNotFound(id);
    },
    async replayAll({ onProgress } = {}) {
      const { total, newest } = await store.send("countDead", {});
      let replayed = 0;
      if (!newest) return replayed;
      while (replayed < total) {
        // Never more than there were: those that die again meanwhile stay where they are.
        const limit = Math.min(REPLAYED_AT_ONCE, total - replayed);
        const step = await store.send("replayOldest", { newest, limit });
        if (step.replayed === 0) break;
        replayed += step.replayed;
        onReplayed();
        onProgress?.({ replayed, total });
      }
      return replayed;
    },
  };
}

/** A handle says where the letter lies in the list, so that a page can follow one that is gone. */
function toId({ diedAt, seq }: DeadLetterPlace): string {
  return `${diedAt.toString(36)}-${seq.toString(36)}`;
}

function toPlace(id: string): DeadLetterPlace | undefined {
  const [, diedAt = "", seq = ""] = /^([0-9a-z]{1,10})-([0-9a-z]{1,10})$/.exec(id) ?? [];
  const place = { diedAt: Number.parseInt(diedAt, 36), seq: Number.parseInt(seq, 36) };
  return toId(place) === id ? place : undefined;
}

function toDeadLetter(stored: StoredDeadLetter): DeadLetter {
  const { eventType, receiver, messageId, rawBody, runs, reason, error, receivedAt, diedAt } = stored;
  return {
    id: toId(stored),
    messageId,
    receiver,
    ...(eventType !== null && { eventType }),
    rawBody,
    runs,
    reason,
    error,
    receivedAt: new Date(receivedAt),
    diedAt: new Date(diedAt),
  };
}

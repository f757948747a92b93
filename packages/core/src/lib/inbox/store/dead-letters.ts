import { checkPage, deadLetterNotFound, unknownPage } from "../dead-letters.ts";
import type { DeadLetter, DeadLetters } from "../inbox.ts";
import { errorLine } from "./convert.ts";
import type { DeadFilter, DeadPlace, MessageRecord, MessageStore, StoredMessage } from "./message-store.ts";

const REPLAYED_AT_ONCE = 100;

/**
 * The dead letters of a store.
 *
 * @param onReplayed called when some have been queued again.
 */
export function createDeadLetters(store: MessageStore, onReplayed: () => void): DeadLetters {
  return {
    async list(options) {
      const { limit, after } = checkPage(options);
      const place = after === undefined ? null : toPlace(after);
      if (place === undefined) throw unknownPage();
      return (await store.listDead(limit, place)).map(toDeadLetter);
    },
    async replay(id) {
      const place = toPlace(id);
      if (!place || !(await store.replay(place))) throw deadLetterNotFound(id);
      onReplayed();
    },
    async discard(id) {
      const place = toPlace(id);
      if (!place || !(await store.discard(place))) throw deadLetterNotFound(id);
    },
    async replayAll({ onProgress, eventType, reason, since, until } = {}) {
      const filter: DeadFilter = {
        eventType: eventType ?? null,
        reason: reason ?? null,
        since: since?.getTime() ?? null,
        until: until?.getTime() ?? null,
      };
      const { total, newest } = await store.countDead(filter);
      let replayed = 0;
      if (!newest) return replayed;
      while (replayed < total) {
        // Never more than there were: those that die again meanwhile stay where they are.
        const limit = Math.min(REPLAYED_AT_ONCE, total - replayed);
        const step = await store.replayOldest(filter, newest, limit);
        if (step === 0) break;
        replayed += step;
        onReplayed();
        onProgress?.({ replayed, total });
      }
      return replayed;
    },
  };
}

/** A handle says where the letter is in the list, so that a page can follow one that is gone. */
function toId({ diedAt, seq }: DeadPlace): string {
  return `${diedAt.toString(36)}-${seq.toString(36)}`;
}

function toPlace(id: string): DeadPlace | undefined {
  const [, diedAt = "", seq = ""] = /^([0-9a-z]{1,10})-([0-9a-z]{1,10})$/.exec(id) ?? [];
  const place = { diedAt: Number.parseInt(diedAt, 36), seq: Number.parseInt(seq, 36) };
  return toId(place) === id ? place : undefined;
}

function toDeadLetter(stored: MessageRecord & StoredMessage): DeadLetter {
  const { seq, receiver, messageId, eventType, rawBody, runs, reason, error, receivedAt, endedAt } = stored;
  const diedAt = endedAt ?? 0;
  return {
    id: toId({ diedAt, seq }),
    messageId,
    receiver,
    ...(eventType !== null && { eventType }),
    rawBody,
    runs,
    reason: reason ?? "handler_failed",
    error: error === null ? "" : errorLine(error),
    receivedAt: new Date(receivedAt),
    diedAt: new Date(diedAt),
  };
}

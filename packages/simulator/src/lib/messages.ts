import { adviceOn } from "./advice.ts";
import { hasSucceeded } from "./attempts.ts";
import { invalidOption } from "./errors.ts";
import { checkNumber } from "./options.ts";
import type { AttemptRecord, MessageRecord } from "./records.ts";
import { type Store, findMessage } from "./store.ts";
import type { Attempt, DestinationState, Message } from "./types.ts";

const MAX_LIMIT = 1000;
const STATES: readonly unknown[] = ["pending", "succeeded", "failed"] satisfies DestinationState[];

/** Which messages to list. */
export interface ListMessagesOptions {
  /** Default 50, at most 1000. */
  limit?: number | undefined;
  /** Only those older than the message of this id: the last one of the page before. */
  before?: string | undefined;
  apiKeyId?: string | undefined;
  /** Only those that this endpoint was to get. */
  endpointId?: string | undefined;
  eventType?: string | undefined;
  /** Only those that stand so with the endpoint, or with one of their endpoints. */
  state?: DestinationState | undefined;
}

/** The messages that were sent. */
export interface Messages {
  /** Newest first. */
  list(options?: ListMessagesOptions): Promise<Message[]>;
  /** @throws SimulatorError `not_found` */
  get(messageId: string): Promise<Message>;
}

/** Makes the operations on messages. */
export function createMessages(store: Store): Messages {
  return {
    async list(options = {}) {
      const { before, apiKeyId, endpointId, eventType, state } = options;
      const limit = checkNumber("limit", options.limit, {
        default: 50,
        min: 1,
        max: MAX_LIMIT,
        integer: true,
      });
      if (state !== undefined && !STATES.includes(state))
        throw invalidOption(`${JSON.stringify(state)} is no state.`, `The states are ${STATES.join(", ")}.`);
      const found: Message[] = [];
      const messages = store.all("message");
      const end = before === undefined ? messages.length : messages.indexOf(findMessage(store, before));
      for (let at = end - 1; at >= 0 && found.length < limit; at--) {
        const message = messages[at];
        if (!message || (apiKeyId !== undefined && message.apiKeyId !== apiKeyId)) continue;
        if (eventType !== undefined && message.eventType !== eventType) continue;
        const destinations = store
          .destinationsOf(message.id)
          .filter((one) => endpointId === undefined || one.endpointId === endpointId);
        if (endpointId !== undefined && destinations.length === 0) continue;
        if (state !== undefined && !destinations.some((one) => one.state === state)) continue;
        found.push(toMessage(store, message));
      }
      return found;
    },
    async get(messageId) {
      return toMessage(store, findMessage(store, messageId));
    },
  };
}

function toMessage(store: Store, record: MessageRecord): Message {
  return {
    ...record,
    payload: JSON.parse(record.body) as Record<string, unknown>,
    createdAt: new Date(record.createdAt),
    destinations: store.destinationsOf(record.id).map(({ endpointId, state, dueAt }) => ({
      endpointId,
      state,
      nextAttemptAt: dueAt === null ? null : new Date(dueAt),
    })),
    // They are recorded when they end.
    attempts: store
      .attemptsOf(record.id)
      .toSorted((one, other) => one.at - other.at)
      .map(toAttempt),
  };
}

/** Makes what is shown of an attempt. */
export function toAttempt(record: AttemptRecord): Attempt {
  return {
    ...record,
    at: new Date(record.at),
    succeeded: hasSucceeded(record),
    advice: adviceOn(record),
  };
}

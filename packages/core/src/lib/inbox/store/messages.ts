import { WebhookError } from "../../errors.ts";
import { checkNumber, invalidOption } from "../../options.ts";
import { printable } from "../../printable.ts";
import type { MessageState, Messages, OfReceiver } from "../messages.ts";
import { toDetails, toSummary } from "./convert.ts";
import type { MessageFilter, MessageRecord, MessageStore } from "./message-store.ts";

const STATES: readonly MessageState[] = ["pending", "running", "done", "dead", "discarded"];
const ANY: MessageFilter = {
  state: null,
  receiver: null,
  messageId: null,
  eventType: null,
  subject: null,
  since: null,
  until: null,
};

/**
 * The messages of a store.
 *
 * @param onQueued called with the receiver that has got work.
 */
export function createMessages(store: MessageStore, onQueued: (receiver: string) => void): Messages {
  async function find(messageId: string, { receiver }: OfReceiver): Promise<MessageRecord | undefined> {
    const filter = { ...ANY, messageId: checkText("messageId", messageId), receiver: receiver ?? null };
    const [found, another] = await store.list(filter, 2, null);
    if (!another) return found;
    throw invalidOption(
      `Several receivers have a message "${printable(messageId)}".`,
      "Name the one you mean: { receiver: … }.",
    );
  }

  return {
    async list({ state, receiver, eventType, subject, since, until, limit, after } = {}) {
      if (state !== undefined && !STATES.includes(state)) {
        throw invalidOption(`There is no state "${printable(state)}".`, `Pass ${STATES.join(", ")}.`);
      }
      const filter: MessageFilter = {
        ...ANY,
        state: state ?? null,
        receiver: receiver ?? null,
        eventType: eventType ?? null,
        subject: subject ?? null,
        since: since === undefined ? null : checkDate("since", since),
        until: until === undefined ? null : checkDate("until", until),
      };
      const count = checkNumber("limit", limit, { default: 100, min: 1, max: 1000, integer: true });
      return (await store.list(filter, count, after === undefined ? null : checkAfter(after))).map(toSummary);
    },
    async get(messageId, options = {}) {
      const found = await find(messageId, options);
      return found && toDetails(found, await store.body(found.seq));
    },
    async replay(messageId, options = {}) {
      const found = await find(messageId, options);
      if (!found || !(await store.requeue(found.seq))) throw notFound(messageId, found !== undefined);
      onQueued(found.receiver);
    },
    async remove(messageId, options = {}) {
      const found = await find(messageId, options);
      if (!found || !(await store.remove(found.seq))) throw notFound(messageId, false);
    },
  };
}

function checkText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw invalidOption(`${name} is of type ${typeof value}.`, "Pass a string.");
}

function checkDate(name: string, value: unknown): number {
  const time = value instanceof Date ? value.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw invalidOption(`${name} is not a valid Date.`, "Pass new Date(…).");
  return time;
}

function checkAfter(after: string): number {
  if (typeof after === "string" && /^[1-9]\d{0,14}$/.test(after)) return Number(after);
  throw invalidOption("after is not the id of a message.", "Pass the id of the last one on the page before.");
}

function notFound(messageId: string, isKnown: boolean): WebhookError {
  const id = printable(messageId);
  return isKnown
    ? new WebhookError("message_not_found", `The body of the message "${id}" is not kept any more.`, {
        hint: "Bodies of handled messages are kept for keepBodiesInDays; those of removed ones are deleted at once.",
      })
    : new WebhookError("message_not_found", `No message has the id "${id}".`, {
        hint: "messages.list() shows those that are kept. Ids are kept for keepIdsInDays.",
      });
}

import type { AttachedReceiver, DurableInbox, InboxAttachment } from "@diffio-webhooks/core";
import {
  type DurableInboxOptions,
  checkDurableInboxOptions,
  refuseSerialBy,
  invalidOption,
  clearTimeout,
  setTimeout,
  nameTaken,
} from "@diffio-webhooks/core/inbox";
import type { Redis } from "ioredis";
import { startWorker } from "./attach.ts";
import { claim, claimDead } from "./claim.ts";
import { countMessages, isIdle } from "./counts.ts";
import { deadLettersOf } from "./dead-letters.ts";
import { warnOfClock, warnOfSettings } from "./durability.ts";
import { keptMessages } from "./kept-messages.ts";
import { watchOutages } from "./outages.ts";
import { startPruning } from "./prune.ts";
import { type RedisLocation, redisSettings } from "./settings.ts";
import { createSlots } from "./slots.ts";
import { type Store, openStore } from "./store.ts";
import { unavailable } from "./unavailable.ts";

/** Options of {@link redisInbox}. */
export type RedisInboxOptions = DurableInboxOptions & RedisLocation;

const IDLE_POLL_MS = 100;

/**
 * Keeps accepted messages in Redis until they are handled, with BullMQ: for several machines that share one Redis. How
 * safely it keeps them is a matter of its settings, see the README.
 *
 * It connects when it is first used. `accept` rejects with `inbox_unavailable` while Redis is away, and nothing has
 * to be restarted when it is back; one line in `console.warn` tells of each outage, and one, at the start, of settings
 * with which Redis may lose messages.
 *
 * @throws WebhookError `invalid_option`
 */
export function redisInbox(options: RedisInboxOptions): DurableInbox {
  if (typeof options !== "object" || options === null) {
    throw invalidOption("The options are not an object.", 'Pass { url: "redis://localhost:6379" }.');
  }
  refuseSerialBy(options, "BullMQ");
  const checked = checkDurableInboxOptions(options);
  const settings = redisSettings(options);
  const outages = watchOutages(settings.where);
  const slots = createSlots(checked.concurrency);
  const kept = keptMessages();
  const attached = new Map<string, { close(): Promise<void> }>();
  const whenSettled = new Set<() => void>();
  let store: Store | undefined;
  let pruning: { stop(): void } | undefined;
  let warned = false;

  const open = (): Store => (store ??= openStore(settings, outages, warnOnce));

  function warnOnce(client: Redis): void {
    if (warned) return;
    warned = true;
    Promise.all([warnOfSettings(client, settings.where), warnOfClock(client, settings.where)]).catch(() => {
      warned = false;
    });
  }

  /** Lets go of Redis; the next use opens it again. */
  async function letGo(): Promise<void> {
    const opened = store;
    store = undefined;
    pruning?.stop();
    pruning = undefined;
    await opened?.close();
  }

  /** Tells a failure of Redis as what it is. */
  async function asked<Value>(work: (opened: Store) => Promise<Value>): Promise<Value> {
    try {
      return await work(open());
    } catch (error) {
      throw unavailable(error, settings.where);
    }
  }

  function settled(): void {
    for (const look of whenSettled) look();
  }

  async function idle(receiver: string, isClosing: () => boolean): Promise<void> {
    while (!isClosing()) {
      try {
        if (await isIdle(await open().queueOf(receiver))) return;
      } catch {
        // Told by the connection. It is not idle as long as nobody knows.
      }
      await new Promise<void>((resolve) => {
        const look = (): void => {
          clearTimeout(timer);
          whenSettled.delete(look);
          resolve();
        };
        const timer = setTimeout(look, IDLE_POLL_MS);
        whenSettled.add(look);
      });
    }
  }

  function attach(receiver: AttachedReceiver): InboxAttachment {
    const { name } = receiver;
    if (attached.has(name)) {
      throw nameTaken(name);
    }
    const worker = startWorker(receiver, {
      settings,
      options: checked,
      slots,
      kept,
      outages,
      onSettled: settled,
    });
    open();
    pruning ??= startPruning(checked, open);
    let closing: Promise<void> | undefined;
    async function close(): Promise<void> {
      await worker.close();
      if (attached.get(name) === attachment) attached.delete(name);
      if (attached.size === 0) await letGo();
    }
    const attachment: InboxAttachment = {
      idle: () => idle(name, () => closing !== undefined),
      close: () => (closing ??= close()),
    };
    attached.set(name, attachment);
    return attachment;
  }

  return {
    async accept(message) {
      const { receiver, messageId } = message;
      const runsHere = attached.has(receiver) && kept.keep(message);
      let accepted = false;
      try {
        const acceptance = await asked(async (opened) => claim(await opened.queueOf(receiver), message));
        accepted = !acceptance.duplicate;
        return acceptance;
      } finally {
        if (runsHere && !accepted) kept.take(receiver, messageId);
      }
    },
    acceptInvalid: (message, error) =>
      asked(async (opened) => claimDead(await opened.queueOf(message.receiver), message, error)),
    attach,
    deadLetters: deadLettersOf(asked),
    counts: () => asked(async (opened) => countMessages(await opened.knownQueues())),
    async close() {
      await Promise.all(Array.from(attached.values(), (attachment) => attachment.close()));
      await letGo();
    },
  };
}

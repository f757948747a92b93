import { type DurableInboxOptions, checkDurableInboxOptions } from "../durable-inbox-options.ts";
import type { DurableInbox, InboxAttachment } from "../inbox.ts";
import type { Messages, OfReceiver } from "../messages.ts";
import { nameTaken } from "../name-taken.ts";
import { Arrivals } from "./arrivals.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { Endings } from "./endings.ts";
import type { MessageStore } from "./message-store.ts";
import { createMessages } from "./messages.ts";
import { Outage } from "./outage.ts";
import { startPruning } from "./pruning.ts";
import { ReceiverRuns } from "./receiver-runs.ts";
import { WorkLoop } from "./work-loop.ts";

const IDLE_LOOK_MS = 100;

/** An inbox over a {@link MessageStore}. */
export interface StoreInbox extends DurableInbox {
  readonly messages: Messages;
  /** Starts no further run of a receiver, or of any: in all processes, within a second, until it is resumed. */
  pause(options?: OfReceiver): Promise<void>;
  resume(options?: OfReceiver): Promise<void>;
}

/**
 * Makes a durable inbox of an engine: the store keeps the messages, and this runs them. It decides which message runs when
 * and where, renews leases, takes over what dead processes left, retries, and shares places among receivers.
 *
 * @throws WebhookError `invalid_option`
 */
export function createStoreInbox(store: MessageStore, options: DurableInboxOptions = {}): StoreInbox {
  const checked = checkDurableInboxOptions(options);
  const outage = new Outage();
  const endings = new Endings(store, outage);
  const loop = new WorkLoop(store, checked, outage);
  const arrivals = new Arrivals(store, loop);
  let pruning: { stop(): void } | undefined;

  async function detach(runs: ReceiverRuns): Promise<void> {
    await runs.close();
    if (!loop.detach(runs)) return;
    pruning?.stop();
    pruning = undefined;
    endings.giveUp();
    await disconnect();
  }

  async function disconnect(): Promise<void> {
    await arrivals.drained();
    await loop.stop();
    await store.close();
  }

  function attach(receiver: Parameters<DurableInbox["attach"]>[0]): InboxAttachment {
    const { name } = receiver;
    if (loop.receivers.has(name)) throw nameTaken(name);
    const runs = new ReceiverRuns(receiver, {
      options: checked,
      store,
      outage,
      endings,
      onRoom: (room) => loop.releasePlace(room),
      onWork: (due) => loop.wake(due),
      onDue: (inMs) => loop.onDue(inMs),
    });
    loop.attach(runs);
    pruning ??= startPruning(store, checked);
    let closed: Promise<void> | undefined;
    return {
      async idle() {
        while (!runs.isQuiet || (!runs.isClosing && (await isActive(name)))) {
          await runs.untilQuiet(IDLE_LOOK_MS);
        }
      },
      close: () => (closed ??= detach(runs)),
    };
  }

  /** While the engine cannot be asked: what was pending still is. */
  async function isActive(receiver: string): Promise<boolean> {
    try {
      return await store.isActive(receiver);
    } catch (error) {
      outage.failed(error);
      return true;
    }
  }

  return {
    accept: (message) => arrivals.accept(message, null),
    acceptInvalid: (message, error) => arrivals.accept(message, error.message),
    attach,
    messages: createMessages(store, (receiver) => loop.wakeAll(receiver)),
    deadLetters: createDeadLetters(store, () => loop.wakeAll(null)),
    counts: () => store.counts(),
    async pause({ receiver } = {}) {
      await store.pause(receiver ?? null);
      loop.wakeAll(receiver ?? null);
    },
    async resume({ receiver } = {}) {
      await store.resume(receiver ?? null);
      loop.wakeAll(receiver ?? null);
    },
    async close() {
      const all = [...loop.receivers.values()];
      await Promise.all(all.map(detach));
      if (all.length === 0) await disconnect();
    },
  };
}

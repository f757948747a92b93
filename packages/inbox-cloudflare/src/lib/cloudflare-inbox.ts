import {
  type AcceptedMessage,
  type DurableInbox,
  type InboxAttachment,
  WebhookError,
} from "@diffio-webhooks/core";
import {
  type DurableInboxOptions,
  checkDurableInboxOptions,
  refuseSerialBy,
  errorText,
  invalidOption,
  nameTaken,
} from "@diffio-webhooks/core/inbox";
import { type BindingName, objectCaller, pause } from "./bindings.ts";
import { type Attached, createConsumer } from "./consumer.ts";
import { createDeadLetters } from "./dead-letters.ts";
import type { ObjectSettings, StoredMessage } from "./object-protocol.ts";

const MAX_POLL_MS = 1000;

/** Options of {@link cloudflareInbox}, besides those of every durable inbox. */
export interface CloudflareInboxOptions extends DurableInboxOptions {
  /** The binding of the queue that carries the runs, of which this Worker is the producer. Default `"DIFFIO_QUEUE"`. */
  queue?: BindingName<{ sendBatch(messages: never): Promise<unknown> }> | undefined;
  /** The binding of the Durable Object `DiffioInbox`, which keeps the messages. Default `"DIFFIO_INBOX"`. */
  object?: BindingName<{ idFromName(name: string): unknown }> | undefined;
}

/**
 * Keeps accepted messages in a Durable Object and runs them by a queue, on Cloudflare Workers. Besides the bindings it
 * needs two exports of the Worker: `DiffioInbox`, and `receiver.queue` as the handler `queue`.
 *
 * Nothing is looked for before the first message: a binding that is missing is told then, as a refused delivery.
 *
 * @throws WebhookError `invalid_option`
 */
export function cloudflareInbox(options: CloudflareInboxOptions = {}): DurableInbox {
  refuseSerialBy(options, "Cloudflare Queues");
  const checked = checkDurableInboxOptions(options);
  const { leaseInSeconds, keepIdsInDays, keepBodiesInDays, closeTimeoutInSeconds } = checked;
  const queue = checkBinding("queue", options.queue, "DIFFIO_QUEUE");
  const callObject = objectCaller(checkBinding("object", options.object, "DIFFIO_INBOX"));
  const settings: ObjectSettings = { queue, leaseInSeconds, keepIdsInDays, keepBodiesInDays };
  const attached = new Map<string, Attached>();
  const consume = createConsumer({ callObject, settings, options: checked, attached });

  function attachmentOf(name: string, mine: Attached): InboxAttachment {
    return {
      queue: (batch) => consume(batch),
      async idle() {
        for (let wait = 100; !(await callObject((object) => object.isIdle(name))); wait *= 1.5) {
          await pause(Math.min(wait, MAX_POLL_MS));
        }
      },
      async close() {
        if (attached.get(name) === mine) attached.delete(name);
        const deadline = Date.now() + closeTimeoutInSeconds * 1000;
        while (mine.running > 0 && Date.now() < deadline) await pause(50);
      },
    };
  }

  return {
    async accept(message) {
      const { duplicate, notQueued } = await callObject((object) =>
        object.accept(settings, toStored(message)),
      );
      if (notQueued === undefined) return { duplicate };
      throw new WebhookError("inbox_unavailable", `The queue ${queue} did not take the message.`, {
        hint: "It is stored, and is queued by a resend or by the inbox itself, whichever comes first.",
        cause: new Error(notQueued),
      });
    },
    async acceptInvalid(message, error) {
      const { duplicate } = await callObject((object) =>
        object.acceptInvalid(settings, toStored(message), errorText(error)),
      );
      return { duplicate };
    },
    attach(receiver) {
      const { name } = receiver;
      if (attached.has(name)) {
        throw nameTaken(name);
      }
      const mine: Attached = { receiver, running: 0 };
      attached.set(name, mine);
      return attachmentOf(name, mine);
    },
    deadLetters: createDeadLetters(callObject),
    counts: () => callObject((object) => object.counts()),
    // Nothing is held: bindings belong to the platform.
    close: async () => {},
  };
}

function checkBinding(option: string, value: unknown, name: string): string {
  if (value === undefined) return name;
  if (typeof value === "string" && value !== "") return value;
  throw invalidOption(
    `${option} is ${value === "" ? "empty" : `of type ${typeof value}`}.`,
    `Give the name of the binding in wrangler.jsonc, or leave it out for "${name}".`,
  );
}

function toStored({
  receiver,
  messageId,
  timestamp,
  rawBody,
  eventType,
  secretName,
}: AcceptedMessage): StoredMessage {
  return { receiver, messageId, timestamp: timestamp.getTime(), rawBody, eventType, secretName };
}

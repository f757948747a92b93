import { createReceiver, memoryInbox } from "../../src/index.ts";
import type { Inbox, Receiver, ReceiverOptions } from "../../src/index.ts";
import { SECRET, now } from "./deliveries.ts";

/** A receiver with a fixed clock, without delays between runs, and silent. */
export function openReceiver<Platform = unknown>(
  options: ReceiverOptions<Platform> = {},
): Receiver<Platform> {
  return createReceiver<Platform>({
    signingSecret: SECRET,
    now,
    inbox: memoryInbox({ backoffInSeconds: 0 }),
    onError: () => {},
    onRejected: () => {},
    ...options,
  });
}

/** An inbox that only takes messages: the least that an inbox can be. */
export function acceptOnly(accept: Inbox["accept"] = () => {}): Inbox {
  return { accept };
}

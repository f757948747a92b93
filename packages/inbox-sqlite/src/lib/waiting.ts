import { clearTimeout, setTimeout } from "@diffio-webhooks/core/inbox";

// The runtime's own: fake timers of a test hold nothing up.
const { setImmediate } = globalThis;

/** Waits a moment. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Lets everything else in this turn of the event loop go first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Waits for a promise, but not for longer than this; what it comes to is not looked at. */
export async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}

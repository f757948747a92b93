import type { Acceptor } from "./acceptance.ts";
import type { Delivery } from "./delivery.ts";
import { callHook, warnOfFreezingHost } from "./hooks.ts";

/**
 * Makes the function that keeps a platform alive until the runs of a delivery are over. Without a `waitUntil`, it warns
 * once on hosts that would lose them.
 */
export function keepAliveWith<Platform>(
  waitUntil: ((runs: Promise<unknown>, platform: Platform) => unknown) | undefined,
  { losesWork }: Acceptor,
): (runs: Promise<unknown>, delivery: Delivery, platform: Platform) => void {
  let mayWarn = losesWork;
  return (runs, delivery, platform) => {
    if (waitUntil) callHook("waitUntil", () => waitUntil(runs, platform));
    else if (delivery.waitUntil) delivery.waitUntil(runs);
    else if (mayWarn) {
      mayWarn = false;
      warnOfFreezingHost();
    }
  };
}

/** A promise that resolves when this one settles. */
export async function settled(promise: unknown): Promise<void> {
  try {
    await promise;
  } catch {
    // Whoever waits for the promise itself handles it.
  }
}

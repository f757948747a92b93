import { errorText, monotonicSeconds } from "@diffio-webhooks/core/inbox";

const QUIET_MS = 10_000;

/** Tells of outages, each once: clients try again every second, and every one of them complains. */
export interface Outages {
  /** Something failed: the first time in an outage it is written to `console.warn`. */
  failed(error: unknown): void;
  /** It works again. */
  over(): void;
}

/** Watches one Redis. */
export function watchOutages(where: string): Outages {
  let ongoing = false;
  let toldAt = -Infinity;
  return {
    failed(error) {
      if (ongoing) return;
      ongoing = true;
      // Where only one of several connections fails, the others end the outage again and again.
      if (monotonicSeconds() * 1000 - toldAt < QUIET_MS) return;
      toldAt = monotonicSeconds() * 1000;
      console.warn(
        // Its text only: the client's errors hold the command, and a body may stand in it.
        `[diffio-webhooks] Redis at ${where} fails; deliveries are answered 503, and runs wait, until it is back. ${errorText(error)}`,
      );
    },
    over() {
      ongoing = false;
    },
  };
}

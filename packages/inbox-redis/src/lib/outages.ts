import { withoutCommand } from "./unavailable.ts";

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
      if (performance.now() - toldAt < QUIET_MS) return;
      toldAt = performance.now();
      console.warn(
        `[diffio-webhooks] Redis at ${where} fails; deliveries are answered 503, and runs wait, until it is back:`,
        withoutCommand(error),
      );
    },
    over() {
      ongoing = false;
    },
  };
}

import { monotonicSeconds } from "../../timers.ts";

/** How long nothing must have failed before the next failure is reported. */
const QUIET_SECONDS = 60;

/** Reports an engine that cannot be used, where no caller is there to hear of it: its first failure, not each. */
export class Outage {
  #failedAt = Number.NEGATIVE_INFINITY;

  failed(error: unknown): void {
    const now = monotonicSeconds();
    const isNew = now - this.#failedAt > QUIET_SECONDS;
    this.#failedAt = now;
    if (!isNew) return;
    const { message, hint = "" } = error as { message?: string; hint?: string };
    console.error(
      `[diffio-webhooks] no messages are run for the moment: ${message ?? String(error)} ${hint}`.trimEnd(),
    );
  }
}

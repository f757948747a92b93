import { monotonicSeconds } from "../../timers.ts";

/** Clocks that are kept right by small steps are left alone. */
const MIN_STEP_MS = 1000;

/** Compares the store's clock with the monotonic one. */
export class StoreClock {
  #offsetMs: number | undefined;

  /**
   * By how many milliseconds the store's clock has been set back since it was last looked at; undefined where it has not.
   * At first 0: nobody knows what happened while no process ran.
   */
  setBackBy(now: number): number | undefined {
    const offsetMs = now - monotonicSeconds() * 1000;
    const before = this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (before === undefined) return 0;
    return before - offsetMs > MIN_STEP_MS ? before - offsetMs : undefined;
  }
}

import type { ObjectStorage } from "./sql-storage.ts";

/** The one alarm of a Durable Object, shared by all that have to be looked at some time. */
export class AlarmClock {
  readonly #storage: ObjectStorage;
  readonly #times: () => readonly (number | undefined)[];
  #at = Infinity;

  /**
   * Sets the alarm anew, whatever became of the one before.
   *
   * @param times when the alarm is needed, in milliseconds since the epoch.
   */
  constructor(storage: ObjectStorage, times: () => readonly (number | undefined)[]) {
    this.#storage = storage;
    this.#times = times;
    this.set();
  }

  /** It rings at that time at the latest. */
  by(at: number): void {
    if (at >= this.#at) return;
    this.#at = at;
    // A write like any other: nothing leaves the object before it is on disk.
    void this.#storage.setAlarm(at);
  }

  /** It has rung, and is not set any more. */
  rang(): void {
    this.#at = Infinity;
  }

  /** Sets it to the first of its times. */
  set(): void {
    this.by(Math.min(...this.#times().filter((at) => at !== undefined)));
  }
}

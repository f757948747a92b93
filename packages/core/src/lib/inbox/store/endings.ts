import { nextTurn, setTimeout } from "../../timers.ts";
import type { EndedRun, MessageStore } from "./message-store.ts";
import type { Outage } from "./outage.ts";

const MAX_BATCH = 500;
const RETRY_MS = 1000;

interface Waiting {
  readonly ended: EndedRun;
  resolve(held: boolean): void;
}

/** Writes down how runs ended, together, for as long as it takes: the engine may be unreachable meanwhile. */
export class Endings {
  readonly #store: MessageStore;
  readonly #outage: Outage;
  #waiting: Waiting[] = [];
  #writing = false;
  #givenUp = false;

  constructor(store: MessageStore, outage: Outage) {
    this.#store = store;
    this.#outage = outage;
  }

  /** Resolves when it is written: to false where the lease was gone, or the inbox has closed without it. */
  write(ended: EndedRun): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ ended, resolve });
      if (this.#writing) return;
      this.#writing = true;
      this.#givenUp = false;
      nextTurn(() => void this.#writeAll());
    });
  }

  /** What is not written by now is left to whoever takes this process's runs over. */
  giveUp(): void {
    this.#givenUp = true;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        const held = await this.#store.finish(batch.map(({ ended }) => ended));
        batch.forEach(({ resolve }, index) => resolve(held[index] ?? false));
      } catch (error) {
        this.#outage.failed(error);
        if (this.#givenUp) for (const { resolve } of batch.concat(this.#waiting.splice(0))) resolve(false);
        else {
          this.#waiting.unshift(...batch);
          await pause(RETRY_MS);
        }
      }
    }
    this.#writing = false;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

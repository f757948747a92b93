import { monotonicSeconds } from "../../timers.ts";
import type { Owner } from "./message-store.ts";

/** Looks are a second apart, and a busy machine is late. */
const MIN_STOP_SECONDS = 3;

/**
 * Watches the beats of other processes by this one's monotonic clock: one whose beat has not changed for a lease is dead.
 * No wall clock is involved, neither here nor in the store.
 */
export class OwnerWatch {
  readonly #leaseInSeconds: number;
  readonly #seen = new Map<number, { readonly beat: number; readonly since: number }>();
  #lookedAt: number = monotonicSeconds();

  constructor(leaseInSeconds: number) {
    this.#leaseInSeconds = leaseInSeconds;
  }

  /** Those that are dead. */
  dead(owners: readonly Owner[]): readonly Owner[] {
    const now = monotonicSeconds();
    // This process was stopped itself: the others may have been, too.
    if (now - this.#lookedAt > Math.max(this.#leaseInSeconds / 2, MIN_STOP_SECONDS)) this.#seen.clear();
    this.#lookedAt = now;
    const dead = owners.filter((owner) => owner.gone || this.#isSilent(owner, now));
    for (const id of this.#seen.keys()) if (!owners.some((owner) => owner.id === id)) this.#seen.delete(id);
    return dead;
  }

  #isSilent({ id, beat }: Owner, now: number): boolean {
    const seen = this.#seen.get(id);
    if (seen?.beat === beat) return now - seen.since >= this.#leaseInSeconds;
    this.#seen.set(id, { beat, since: now });
    return false;
  }
}

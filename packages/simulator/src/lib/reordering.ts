import type { SimulatedClock } from "./clock.ts";
import type { DestinationRecord } from "./records.ts";
import type { Store } from "./store.ts";

/** How long a message waits for another to overtake it, in milliseconds. */
export const HELD_BACK_MS = 5000;

/** Keeps messages with the fault `reordered` back until a later one to the same endpoint has been attempted. */
export interface Reordering {
  /** Lets those that are held back wait for this later one; but no longer than until `dueAt`. */
  overtake(later: DestinationRecord, dueAt: number): void;
  /** Lets go those that waited for this one. */
  letGo(attempted: DestinationRecord): void;
}

/** Makes the reordering of a store. */
export function createReordering({ store, clock }: { store: Store; clock: SimulatedClock }): Reordering {
  return {
    overtake({ id, endpointId }, dueAt) {
      for (const held of store.planned) {
        if (held.heldBack && held.overtakenBy === null && held.endpointId === endpointId)
          store.save("destination", { ...held, overtakenBy: id, dueAt });
      }
    },
    letGo({ id }) {
      for (const held of store.planned) {
        if (held.heldBack && held.overtakenBy === id)
          store.save("destination", { ...held, heldBack: false, dueAt: clock.now() });
      }
    },
  };
}

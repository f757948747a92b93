/** How many runs go on at once in this process, over all receivers. */
export interface Slots {
  /** Resolves when there is room for one more run; with false when its owner left first. */
  take(owner: object): Promise<boolean>;
  give(): void;
  /** Lets those of an owner who wait for room go. */
  leave(owner: object): void;
}

/** Makes so many slots. */
export function createSlots(count: number): Slots {
  const waiting = new Set<{ readonly owner: object; readonly resolve: (taken: boolean) => void }>();
  let free = count;
  return {
    async take(owner) {
      if (free > 0) {
        free -= 1;
        return true;
      }
      return new Promise((resolve) => waiting.add({ owner, resolve }));
    },
    give() {
      for (const next of waiting) {
        waiting.delete(next);
        next.resolve(true);
        return;
      }
      free += 1;
    },
    leave(owner) {
      for (const one of waiting) {
        if (one.owner !== owner) continue;
        waiting.delete(one);
        one.resolve(false);
      }
    },
  };
}

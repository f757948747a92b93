import { type MessageStore, type StoreInbox, createStoreInbox } from "@diffio-webhooks/core/inbox";
import { createSqliteStore } from "../../../inbox-sqlite/src/lib/store.ts";
import { createStoreClient } from "../../../inbox-sqlite/src/lib/store-client.ts";
import { findWorker } from "../../../inbox-sqlite/src/lib/runtime.ts";

// Inboxes that are broken on purpose: a campaign that does not find one of them proves nothing.

/** What each of them does wrong, to a store that does it right. */
export const MUTANTS = {
  "forgets done ids at each start": (store) => ({
    ...store,
    async register() {
      let from = await store.prune({ idsInMs: -1000, bodiesInMs: -1000 }, null);
      while (from) from = await store.prune({ idsInMs: -1000, bodiesInMs: -1000 }, from);
      return store.register();
    },
  }),
  "acknowledges before the commit": (store) => ({
    ...store,
    async accept(arrivals, lease) {
      setTimeout(
        () =>
          void store.accept(
            arrivals.map((one) => ({ ...one, start: false })),
            lease,
          ),
        100,
      );
      return arrivals.map(() => ({ duplicate: false, sameBody: null, seq: 0, started: false }));
    },
  }),
  "takes twice": (store) => ({
    ...store,
    accept: (arrivals, lease) =>
      store.accept(
        arrivals.map((one) => ({ ...one, start: false })),
        lease,
      ),
    async claim(wanted, lease, alone) {
      const claimed = await store.claim(wanted, lease, alone);
      return claimed && [...claimed, ...claimed];
    },
  }),
} as const satisfies Record<string, (store: MessageStore) => MessageStore>;

/** A broken inbox in an SQLite file. */
export function mutantInbox({
  mutant,
  path,
  ...options
}: {
  readonly mutant: keyof typeof MUTANTS;
  readonly path: string;
}): StoreInbox {
  const client = createStoreClient({ path, leaseInMs: 1000, isSerial: false, worker: findWorker() });
  return createStoreInbox(MUTANTS[mutant](createSqliteStore(client)), options);
}

import { type InboxEngine, nodeStore } from "../inboxes.ts";

/** The smallest message store under core's work loop: in one process, so nothing of it survives that. */
export const memoryStoreEngine: InboxEngine = {
  name: "a message store in memory",
  durable: true,
  isStore: true,
  processes: false,
  createStore: async () => nodeStore("store", {}),
};

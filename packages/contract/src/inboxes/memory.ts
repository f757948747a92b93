import { type InboxEngine, nodeStore } from "../inboxes.ts";

export const memory: InboxEngine = {
  name: "memoryInbox",
  durable: false,
  processes: true,
  createStore: async () => nodeStore("memory", {}),
};

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type InboxEngine, nodeStore } from "../inboxes.ts";

/** One file a store, on the disk that temporary files are on. */
export const sqlite: InboxEngine = {
  name: "sqliteInbox",
  durable: true,
  isStore: true,
  processes: true,
  async createStore() {
    const folder = mkdtempSync(join(tmpdir(), "diffio-sqlite-"));
    return nodeStore("sqlite", { path: join(folder, "inbox.db") }, async () =>
      rmSync(folder, { recursive: true }),
    );
  },
};

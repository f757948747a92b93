import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MUTANTS } from "../inbox-service/mutants.ts";
import { type InboxEngine, nodeStore } from "../inboxes.ts";

/** Inboxes that are broken on purpose, by what they do wrong. */
export const mutants: readonly InboxEngine[] = Object.keys(MUTANTS).map((mutant) => ({
  name: `an inbox that ${mutant}`,
  durable: true,
  isStore: true,
  processes: true,
  async createStore() {
    const folder = mkdtempSync(join(tmpdir(), "diffio-mutant-"));
    return nodeStore("mutant", { mutant, path: join(folder, "inbox.db") }, async () =>
      rmSync(folder, { recursive: true }),
    );
  },
}));

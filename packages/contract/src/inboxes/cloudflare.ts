import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleForWorkerd, startWorkerd } from "@diffio-webhooks/test-support/workerd";
import type { LedgerEntry } from "../inbox-service/ledger.ts";
import type { WorkerdServiceConfig } from "../inbox-service/workerd-main.ts";
import { type InboxEngine, type InboxStore, type RunningService, SERVICE_DEFAULTS } from "../inboxes.ts";

let script = "";

/** Queues and Durable Objects of a real workerd. What becomes of a run whose process dies is tested in the package. */
export const cloudflare: InboxEngine = {
  name: "cloudflareInbox",
  durable: true,
  processes: false,
  async start() {
    script = await bundleForWorkerd(join(import.meta.dirname, "../inbox-service/workerd-main.ts"));
  },
  createStore: async () => workerdStore(mkdtempSync(join(tmpdir(), "diffio-workerd-"))),
};

function workerdStore(storage: string): InboxStore {
  const running = new Set<RunningService>();
  const logs: (() => string)[] = [];
  return {
    async start({ inbox, ...config } = {}) {
      const whole: WorkerdServiceConfig = {
        ...SERVICE_DEFAULTS.config,
        ...config,
        inboxOptions: { ...SERVICE_DEFAULTS.inbox, ...inbox },
      };
      const worker = await startWorkerd(script, {
        vars: { CONFIG: JSON.stringify(whole) },
        queues: { DIFFIO_QUEUE: { maxBatchSize: 100, maxBatchTimeout: 0.05, maxRetries: 100 } },
        objects: { DIFFIO_INBOX: "DiffioInbox" },
        storage,
      });
      logs.push(worker.stdout);
      const service: RunningService = {
        url: worker.url,
        stderr: worker.stderr,
        async stop() {
          running.delete(service);
          await worker.close();
        },
      };
      running.add(service);
      return service;
    },
    async ledger() {
      return logs
        .flatMap((stdout) => stdout().split("\n"))
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as LedgerEntry);
    },
    async remove() {
      for (const service of running) await service.stop();
      rmSync(storage, { recursive: true });
    },
  };
}

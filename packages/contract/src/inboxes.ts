import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MemoryInboxOptions } from "@diffio-webhooks/core";
import type { DurableInboxOptions } from "@diffio-webhooks/core/inbox";
import { startChild } from "./child-server.ts";
import { send } from "./http.ts";
import type { LedgerEntry } from "./inbox-service/ledger.ts";
import type { NodeServiceConfig } from "./inbox-service/node-main.ts";
import type { ServiceConfig } from "./inbox-service/service.ts";

/** One inbox on its real engine, as the suite needs it. */
export interface InboxEngine {
  readonly name: string;
  /** Whether what it accepted survives the process: the memory inbox passes what is left of the suite. */
  readonly durable: boolean;
  /** Whether services run in processes of their own, several on one store, and can be killed. */
  readonly processes: boolean;
  /** Whether it runs on core's work loop. */
  readonly isStore?: boolean;
  /** What has to be installed before it can run, where that is not there. */
  readonly missing?: string | undefined;
  /** Brings the engine up, once for all stores. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
  /** A fresh and empty store. */
  createStore(): Promise<InboxStore>;
}

/** Where messages are kept. */
export interface InboxStore {
  /** Starts a service on this store. */
  start(options?: ServiceOptions): Promise<RunningService>;
  /** All that services on this store did, in the order of its happening. */
  ledger(): Promise<LedgerEntry[]>;
  /** Ends the services that still run, and takes the store away. */
  remove(): Promise<void>;
}

/** What a test may ask of a service. */
export interface ServiceOptions extends Partial<ServiceConfig> {
  readonly inbox?: Omit<DurableInboxOptions & MemoryInboxOptions, "backoffInSeconds"> & {
    readonly backoffInSeconds?: number | readonly number[];
  };
}

/** A service that a test can talk to. See `inbox-service/service.ts` for what it understands. */
export interface RunningService {
  readonly url: string;
  stderr(): string;
  /** The process, where it is one of its own. */
  readonly process?: ServiceProcess;
  stop(): Promise<void>;
}

/** A service's process. */
export interface ServiceProcess {
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly exited: Promise<unknown>;
  /** Ends it at once, without a word. */
  kill(): Promise<void>;
}

/** Two test secrets, by name. They open nothing. */
export const SERVICE_SECRETS = {
  music: "whsec_ZGlmZmlvLXdlYmhvb2tzLWN1cnJlbnQtMDEyMzQ1Njc=",
  speech: "whsec_ZGlmZmlvLXdlYmhvb2tzLXByZXZpb3VzLTAxMjM0NTY=",
};

/** Short times, so that the suite is quick: the rules are the same for long ones. */
export const SERVICE_DEFAULTS = {
  config: { signingSecrets: SERVICE_SECRETS, receivers: ["default"], handlerTimeoutInSeconds: 30 },
  inbox: {
    maxRuns: 3,
    backoffInSeconds: 0.05,
    concurrency: 10,
    leaseInSeconds: 2,
    closeTimeoutInSeconds: 5,
  },
} as const satisfies { config: ServiceConfig; inbox: ServiceOptions["inbox"] };

const MAIN = join(dirname(fileURLToPath(import.meta.url)), "inbox-service/node-main.ts");

/**
 * A store whose services are processes of Node.
 *
 * @param inbox the inbox's name in `inbox-service/node-inboxes.ts`.
 * @param where its options that say where the store is.
 * @param removeStore takes the store away, when no service is left.
 */
export function nodeStore(
  inbox: NodeServiceConfig["inbox"],
  where: object,
  removeStore: () => Promise<void> = async () => {},
): InboxStore {
  const folder = mkdtempSync(join(tmpdir(), "diffio-ledger-"));
  const ledgerFile = join(folder, "ledger.ndjson");
  appendFileSync(ledgerFile, "");
  const running = new Set<RunningService>();
  return {
    async start({ inbox: inboxOptions, ...config } = {}) {
      const whole: NodeServiceConfig = {
        ...SERVICE_DEFAULTS.config,
        ...config,
        inbox,
        inboxOptions: { ...SERVICE_DEFAULTS.inbox, ...inboxOptions, ...where },
        ledgerFile,
      };
      const child = await startChild([process.execPath, MAIN, JSON.stringify(whole)]);
      const end = async (): Promise<void> => {
        running.delete(service);
        await child.close();
      };
      const service: RunningService = {
        url: child.url,
        stderr: child.stderr,
        process: { pid: child.pid, exited: child.exited, kill: end },
        async stop() {
          await control(service, "/close").catch(() => {});
          await end();
        },
      };
      running.add(service);
      return service;
    },
    async ledger() {
      return readFileSync(ledgerFile, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as LedgerEntry);
    },
    async remove() {
      for (const service of running) await service.process?.kill();
      await removeStore();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What a service answered to a control. */
export class ControlError extends Error {
  readonly code: string;
  readonly hint: string | null;
  constructor(code: string, hint: string | null) {
    super(code);
    this.code = code;
    this.hint = hint;
  }
}

/**
 * Asks a service for something.
 *
 * @throws ControlError with the code that it answered.
 */
export async function control(
  service: RunningService,
  path: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const query = new URLSearchParams(parameters).toString();
  const { text } = await send(service.url, { method: "GET", path: `${path}?${query}` });
  const answer = JSON.parse(text) as { value: unknown } | { error: string; hint: string | null };
  if ("error" in answer) throw new ControlError(answer.error, answer.hint);
  return answer.value;
}

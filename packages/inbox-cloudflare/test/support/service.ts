import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SECRET, newMessageId, signatureHeaders } from "@diffio-webhooks/test-support/signing";
import {
  type QueueConsumer,
  type RunningWorker,
  type WorkerOptions,
  bundleForWorkerd,
  startWorkerd,
} from "@diffio-webhooks/test-support/workerd";
import { expect, onTestFinished } from "vitest";
import type { Faults, LogEntry, WorkerConfig } from "./protocol.ts";

/** A message that can be delivered any number of times. */
export interface Message {
  readonly messageId: string;
  readonly body: Uint8Array;
  readonly hash: string;
}

/** A Worker on a real workerd, with its queue and its Durable Object. */
export interface Service {
  /** Delivers a message, freshly signed; gives the status. */
  deliver(message: Message, receiver?: string): Promise<number>;
  faults(faults: Faults): Promise<void>;
  control<Value>(path: string, input?: unknown): Promise<Value>;
  log(): LogEntry[];
  /** The numbers of a message's runs, in the order of their start. */
  runs(message: Message): number[];
  stderr(): string;
  /** `kill -9` of workerd, and a new one on the same disk; its log starts anew. */
  restart(changes?: Partial<WorkerConfig>): Promise<void>;
}

const EVENT = {
  eventType: "generation.completed",
  eventId: "evt_123",
  createdAt: "2026-01-28T12:34:56Z",
  apiKeyId: "key_123",
  status: "complete",
};

/** A message whose event says what its callback does; `bytes` long, where that is more than it has. */
export function message(plan = "is done", bytes = 0): Message {
  return messageOf(JSON.stringify({ ...EVENT, generationId: plan }).padEnd(bytes));
}

/** A message of that text, be it an event or not. */
export function messageOf(text: string): Message {
  const body = Buffer.from(text);
  return { messageId: newMessageId(), body, hash: createHash("sha256").update(body).digest("hex") };
}

let script: Promise<string> | undefined;

/** Starts a Worker until the test is over. */
export async function startService(
  options: Partial<WorkerConfig> = {},
  {
    objects = { DIFFIO_INBOX: "TestInbox" },
    maxBatchSize = 10,
  }: Pick<WorkerOptions, "objects"> & QueueConsumer = {},
): Promise<Service> {
  script ??= bundleForWorkerd(join(import.meta.dirname, "worker.ts"));
  const bundle = await script;
  const storage = mkdtempSync(join(tmpdir(), "diffio-inbox-"));
  let worker = await start(options);
  onTestFinished(async () => {
    await worker.close();
    rmSync(storage, { recursive: true });
  });

  function start({ inbox, ...config }: Partial<WorkerConfig>): Promise<RunningWorker> {
    const whole: WorkerConfig = {
      signingSecret: SECRET,
      receivers: ["default"],
      ...config,
      inbox: { backoffInSeconds: 0.05, leaseInSeconds: 1, maxRuns: 3, ...inbox },
    };
    return startWorkerd(bundle, {
      vars: { CONFIG: JSON.stringify(whole) },
      queues: { DIFFIO_QUEUE: { maxBatchSize, maxBatchTimeout: 0.02, maxRetries: 2 } },
      objects,
      storage,
    });
  }

  const log = (): LogEntry[] =>
    worker
      .stdout()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as LogEntry);

  const control: Service["control"] = async (path, input = {}) => {
    const response = await fetch(`${worker.url}${path}`, { method: "POST", body: JSON.stringify(input) });
    const answer = (await response.json()) as { value: never } | { error: string };
    if ("error" in answer) throw new Error(answer.error);
    return answer.value;
  };

  return {
    async deliver({ messageId, body }, receiver = "default") {
      const headers = signatureHeaders(body, { messageId });
      const url = `${worker.url}/webhooks/${receiver}`;
      const response = await fetch(url, { method: "POST", headers, body });
      await response.text();
      return response.status;
    },
    faults: (faults) => control("/faults", faults),
    control,
    log,
    runs: ({ messageId }) =>
      log().flatMap((entry) => (entry.what === "started" && entry.messageId === messageId ? entry.run : [])),
    stderr: () => worker.stderr(),
    async restart(changes = {}) {
      await worker.close();
      worker = await start({ ...options, ...changes });
    },
  };
}

/** Waits until something is as expected. */
export function eventually<Value>(look: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look, { timeout: 20_000, interval: 50 });
}

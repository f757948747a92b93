import {
  clearInterval,
  clearTimeout,
  monotonicSeconds,
  setInterval,
  setTimeout,
} from "@diffio-webhooks/core/inbox";
import type { Failure, FromWorker, Lease, OperationName, Operations, Request } from "./operations.ts";
import { createThread } from "./thread.ts";
import { unavailable } from "./unavailable.ts";

// The runtime's own: fake timers of a test hold nothing up.
const { setImmediate, clearImmediate } = globalThis;

/** A receiver waits 8 s for an answer: what waits longer than this for its turn is told so before. */
const QUEUE_LIMIT_MS = 6500;
/** What has been sent is not taken back, but no longer waited for. */
const ANSWER_LIMIT_MS = 7500;
const SWEEP_MS = 250;
/** Requests and bytes that share one transaction. */
const MAX_BATCH = 512;
const MAX_BATCH_BYTES = 8 * 2 ** 20;
/** How long a request that has time waits for others to share a transaction with. */
const LINGER_MS = 5;
const RESTART_MS = 500;
const LATE: Failure = { kind: "late", message: "it did not answer in time" };

/** How a request is sent. */
export interface SendOptions<Name extends OperationName> {
  /** Whether it has time to wait for others: "done" is to be committed within a second, an accept at once. */
  readonly lingers?: boolean;
  /** Told of an answer that came when it was no longer waited for. */
  readonly onLate?: (answer: Operations[Name]["answer"]) => void;
}

/** The database as the service's thread sees it. */
export interface StoreClient {
  /**
   * Asks for something.
   *
   * @throws WebhookError `inbox_unavailable`
   */
  send<Name extends OperationName>(
    operation: Name,
    ask: Operations[Name]["ask"],
    options?: SendOptions<Name>,
  ): Promise<Operations[Name]["answer"]>;
  /** Lets go of the file and the thread, when all that was sent is answered. Both come back with the next request. */
  close(): Promise<void>;
}

/** What a client needs to know of its process's runs. */
export interface StoreClientOptions {
  readonly path: string;
  readonly leaseInMs: number;
  readonly worker: URL;
  /** The leases of runs that go on: told to a worker that takes the place of one that died. */
  leases(): readonly Lease[];
  /** Leases that have passed to another process. */
  onLost(leases: readonly Lease[]): void;
}

interface Waiting {
  readonly request: Request;
  readonly since: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onLate: ((answer: never) => void) | undefined;
  late: boolean;
}

/** Makes a client. Whatever waits while the worker is busy goes to it together, and into one transaction. */
export function createStoreClient(options: StoreClientOptions): StoreClient {
  const { path, leaseInMs, worker: file, leases, onLost } = options;
  let waiting: Waiting[] = [];
  let sent: Waiting[] = [];
  let scheduled: { cancel(): void; readonly lingers: boolean } | undefined;
  let sweep: NodeJS.Timeout | undefined;
  let lastFailure = LATE;
  let restartAt = 0;
  let ending = false;
  let closing: Promise<void> | undefined;
  const whenAnswered = new Set<() => void>();
  const thread = createThread({
    file,
    workerData: () => ({ path, leaseInMs, leases: leases() }),
    onMessage: receive,
    onCrash: crashed,
  });

  function schedule(lingers: boolean): void {
    if (sent.length > 0 || ending || (scheduled && (lingers || !scheduled.lingers))) return;
    scheduled?.cancel();
    const pause = Math.max(lingers ? LINGER_MS : 0, restartAt - Date.now());
    if (pause > 0) {
      const timer = setTimeout(flush, pause);
      scheduled = { lingers, cancel: () => clearTimeout(timer) };
    } else {
      // Not at once: what else comes in this turn of the event loop goes along.
      const immediate = setImmediate(flush);
      scheduled = { lingers, cancel: () => clearImmediate(immediate) };
    }
  }

  function flush(): void {
    scheduled = undefined;
    if (waiting.length === 0 || sent.length > 0 || ending) return;
    let bytes = 0;
    let size = 0;
    for (const { request } of waiting) {
      if (size === MAX_BATCH || bytes > MAX_BATCH_BYTES) break;
      bytes += bodyOf(request)?.length ?? 0;
      size += 1;
    }
    sent = waiting.splice(0, size);
    try {
      thread.post(sent.map(({ request }) => request));
    } catch (error) {
      crashed(String(error));
    }
  }

  function receive({ answers, failure, lost }: FromWorker): void {
    if (lost.length > 0) onLost(lost);
    if (answers.length === 0 && !failure) return;
    const batch = sent;
    sent = [];
    const refused: Waiting[] = [];
    batch.forEach((one, index) => {
      const value = answers[index] ?? null;
      if (value === null) refused.push(one);
      else answer(one, value);
    });
    lastFailure = failure ?? LATE;
    if (failure) refuse(refused, failure);
    afterBatch();
  }

  function answer({ late, onLate, resolve }: Waiting, value: unknown): void {
    if (late) onLate?.(value as never);
    else resolve(value);
  }

  function refuse(batch: readonly Waiting[], failure: Failure): void {
    // A lock may be gone in a moment: those that still have time try again, before all others.
    const again = failure.kind === "locked" ? batch.filter((one) => !one.late && !isOverdue(one)) : [];
    waiting.unshift(...again);
    for (const one of batch) if (!again.includes(one)) one.reject(unavailable(failure, path));
  }

  function crashed(message: string): void {
    restartAt = Date.now() + RESTART_MS;
    const batch = sent;
    sent = [];
    lastFailure = { kind: "crashed", message };
    refuse(batch, lastFailure);
    afterBatch();
  }

  function afterBatch(): void {
    if (waiting.length > 0) return schedule(false);
    thread.rest();
    clearInterval(sweep);
    sweep = undefined;
    for (const resolve of whenAnswered) resolve();
    whenAnswered.clear();
  }

  /** Lets nobody wait for longer than a receiver would. */
  function sweepLate(): void {
    const queued = waiting;
    waiting = [];
    for (const one of queued) {
      if (isOverdue(one)) one.reject(unavailable(lastFailure, path));
      else waiting.push(one);
    }
    for (const one of sent) {
      if (one.late || monotonicSeconds() * 1000 - one.since < ANSWER_LIMIT_MS) continue;
      one.late = true;
      one.reject(unavailable(LATE, path));
    }
    if (sent.every(({ late }) => late)) afterBatch();
  }

  async function end(): Promise<void> {
    if (waiting.length + sent.length > 0) {
      await new Promise<void>((resolve) => {
        whenAnswered.add(resolve);
      });
    }
    ending = true;
    await thread.end();
    sent = [];
    ending = false;
    closing = undefined;
    if (waiting.length > 0) schedule(false);
  }

  return {
    send(operation, ask, { lingers = false, onLate } = {}) {
      return new Promise((resolve, reject) => {
        waiting.push({
          request: { operation, ask } as Request,
          since: monotonicSeconds() * 1000,
          resolve: resolve as (answer: unknown) => void,
          reject,
          onLate,
          late: false,
        });
        sweep ??= setInterval(sweepLate, SWEEP_MS);
        schedule(lingers);
      });
    },
    close: () => (closing ??= end()),
  };
}

function isOverdue({ since }: Waiting): boolean {
  return monotonicSeconds() * 1000 - since > QUEUE_LIMIT_MS;
}

function bodyOf({ operation, ask }: Request): Uint8Array | undefined {
  return operation === "accept" || operation === "acceptInvalid" ? ask.rawBody : undefined;
}

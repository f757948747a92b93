import {
  clearInterval,
  clearTimeout,
  monotonicSeconds,
  setInterval,
  setTimeout,
} from "@diffio-webhooks/core/inbox";
import {
  type Failure,
  type FromWorker,
  LINGERS,
  type LockedOwner,
  type OperationName,
  type Operations,
  type Request,
} from "./operations.ts";
import { createThread } from "./thread.ts";
import { unavailable } from "./unavailable.ts";

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

/** The database as the service's thread sees it. */
export interface StoreClient {
  /**
   * Asks the worker for something.
   *
   * @throws WebhookError `inbox_unavailable`
   */
  call<Name extends OperationName>(
    operation: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>>;
  /** Lets go of the file and the thread, when all that was sent is answered. Both come back with the next request. */
  close(): Promise<void>;
}

/** What a client needs. */
export interface StoreClientOptions {
  readonly path: string;
  readonly leaseInMs: number;
  readonly isSerial: boolean;
  readonly worker: URL;
}

interface Waiting {
  readonly request: Request;
  readonly since: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  late: boolean;
}

/** Makes a client. Whatever waits while the worker is busy goes to it together, and into one transaction. */
export function createStoreClient(options: StoreClientOptions): StoreClient {
  const { path, leaseInMs, isSerial, worker: file } = options;
  let waiting: Waiting[] = [];
  let sent: Waiting[] = [];
  let scheduled: { cancel(): void; readonly lingers: boolean } | undefined;
  let sweep: NodeJS.Timeout | undefined;
  let lastFailure = LATE;
  let restartAt = 0;
  let owner: LockedOwner | null = null;
  let ending = false;
  let closing: Promise<void> | undefined;
  const whenAnswered = new Set<() => void>();
  const thread = createThread({
    file,
    workerData: () => ({ path, leaseInMs, isSerial, owner }),
    onMessage: receive,
    onCrash: crashed,
  });

  function schedule(lingers: boolean): void {
    if (sent.length > 0 || ending || (scheduled && (lingers || !scheduled.lingers))) return;
    scheduled?.cancel();
    const pause = Math.max(lingers ? LINGER_MS : 0, restartAt - monotonicSeconds() * 1000);
    if (pause > 0) {
      const timer = setTimeout(flush, pause);
      scheduled = { lingers, cancel: () => clearTimeout(timer) };
    } else {
      // Not at once: what else is asked for right now goes along.
      let isCancelled = false;
      queueMicrotask(() => {
        if (!isCancelled) flush();
      });
      scheduled = { lingers, cancel: () => (isCancelled = true) };
    }
  }

  function flush(): void {
    scheduled = undefined;
    if (waiting.length === 0 || sent.length > 0 || ending) return;
    let bytes = 0;
    let size = 0;
    for (const { request } of waiting) {
      if (size === MAX_BATCH || bytes > MAX_BATCH_BYTES) break;
      bytes += bytesOf(request);
      size += 1;
    }
    sent = waiting.splice(0, size);
    try {
      thread.post(sent.map(({ request }) => request));
    } catch (error) {
      crashed(String(error));
    }
  }

  function receive({ answers, failure, owner: registered }: FromWorker): void {
    owner = registered;
    const batch = sent;
    sent = [];
    const refused: Waiting[] = [];
    batch.forEach((one, index) => {
      const answer = answers[index] ?? null;
      if (answer === null) refused.push(one);
      // What came too late is nobody's: the loop releases it.
      else if (!one.late) one.resolve(answer.value);
    });
    lastFailure = failure ?? LATE;
    if (failure) refuse(refused, failure);
    afterBatch();
  }

  function refuse(batch: readonly Waiting[], failure: Failure): void {
    // A lock may be gone in a moment: those that still have time try again, before all others.
    const again = failure.kind === "locked" ? batch.filter((one) => !one.late && !isOverdue(one)) : [];
    waiting.unshift(...again);
    for (const one of batch) if (!again.includes(one)) one.reject(unavailable(failure, path));
  }

  function crashed(message: string): void {
    restartAt = monotonicSeconds() * 1000 + RESTART_MS;
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
    call(operation, ...args) {
      return new Promise((resolve, reject) => {
        waiting.push({
          request: { operation, args } as Request,
          since: monotonicSeconds() * 1000,
          resolve: resolve as (answer: unknown) => void,
          reject,
          late: false,
        });
        sweep ??= setInterval(sweepLate, SWEEP_MS);
        schedule(LINGERS.has(operation));
      });
    },
    close: () => (closing ??= end()),
  };
}

function isOverdue({ since }: Waiting): boolean {
  return monotonicSeconds() * 1000 - since > QUEUE_LIMIT_MS;
}

function bytesOf({ operation, args }: Request): number {
  return operation === "accept" ? args[0].reduce((sum, { rawBody }) => sum + rawBody.length, 0) : 0;
}

import type { AttachedReceiver, InboxAttachment, RunOutcome } from "@diffio-webhooks/core";
import {
  type CheckedDurableInboxOptions,
  errorText,
  clearInterval,
  clearTimeout,
  setInterval,
  setTimeout,
} from "@diffio-webhooks/core/inbox";
import { type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import { isJobError } from "./claim.ts";
import { createClients } from "./clients.ts";
import type { KeptMessages } from "./kept-messages.ts";
import { type Lease, holdLease } from "./lease.ts";
import { type Death, type MessageData, deathText, messageIdOf, storedMessage } from "./messages.ts";
import type { Outages } from "./outages.ts";
import { defineScripts, runScript } from "./scripts.ts";
import type { RedisSettings } from "./settings.ts";
import type { Slots } from "./slots.ts";
import { queueNameOf, queueOptions } from "./store.ts";

/** A message's run in this process is this much of a second late at most, when Redis refuses to work. */
const PAUSE_AFTER_ERROR_MS = 1000;
/** How long Redis may take to note what was released, before the inbox lets go of it. */
const MAX_RELEASE_MS = 2000;

/** What a worker needs. */
export interface WorkerParts {
  readonly settings: RedisSettings;
  readonly options: CheckedDurableInboxOptions;
  readonly slots: Slots;
  readonly kept: KeptMessages;
  readonly outages: Outages;
  /** Called when a run has ended, and Redis knows. */
  readonly onSettled: () => void;
}

/** Runs a receiver's messages, of whatever process, until it is closed. */
export function startWorker(
  receiver: AttachedReceiver,
  { settings, options, slots, kept, outages, onSettled }: WorkerParts,
): Pick<InboxAttachment, "close"> {
  const { maxRuns, delayBefore, leaseInSeconds, closeTimeoutInSeconds } = options;
  const clients = createClients(settings, outages);
  // Its commands wait for Redis to come back.
  const connection = clients.create({ maxRetriesPerRequest: null });
  defineScripts(connection);
  const leases = new Set<Lease>();
  const whenNoneRuns = new Set<() => void>();
  let closing: Promise<void> | undefined;
  let lookingForDead = false;
  const tickMs = Math.min(leaseInSeconds * 250, 5000);

  const worker = new Worker<MessageData, undefined>(queueNameOf(receiver.name), processJob, {
    ...queueOptions(settings),
    connection,
    concurrency: options.concurrency,
    lockDuration: leaseInSeconds * 1000,
    // We do both ourselves: see tick.
    skipLockRenewal: true,
    skipStalledCheck: true,
    stalledInterval: tickMs,
    // Runs that died count as runs: see below.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: PAUSE_AFTER_ERROR_MS,
    settings: {
      backoffStrategy: (_made, _type, _error, job) => Math.ceil(delayBefore(runOf(job as Job) + 1) * 1000),
    },
  });
  worker.on("completed", () => {
    outages.over();
    onSettled();
  });
  worker.on("failed", onSettled);
  worker.on("error", (error) => {
    // Another process has the message now, and tells of it.
    if (isJobError(error)) return;
    outages.failed(error);
    // BullMQ would ask again at once.
    if (connection.status === "ready" && !worker.isPaused()) void takeABreath();
  });

  const ticking = setInterval(tick, tickMs);
  tick();

  /**
   * Renews all leases, then looks for runs whose process died: in this order on one connection, so that no process
   * takes its own runs over after it, or Redis, was busy for longer than a lease.
   */
  function tick(): void {
    for (const lease of leases) lease.renew();
    if (lookingForDead || closing) return;
    lookingForDead = true;
    worker
      .getBackend()
      .moveStalledJobsToWait()
      .catch(outages.failed)
      .finally(() => {
        lookingForDead = false;
      });
  }

  function hold(job: Job, token: string): Lease {
    const id = job.id ?? "";
    const keys = [`${worker.toKey(id)}:lock`, worker.toKey("stalled"), worker.toKey(id)];
    const began = [job.attemptsStarted, job.stalledCounter];
    return holdLease(async () => {
      const args = [...keys, token, leaseInSeconds * 1000, id, ...began];
      return (await runScript(connection, "diffioRenewLease", ...args)) === 1;
    }, leaseInSeconds);
  }

  async function takeABreath(): Promise<void> {
    await worker.pause(true);
    setTimeout(() => {
      if (!closing) void worker.resume();
    }, PAUSE_AFTER_ERROR_MS).unref();
  }

  async function processJob(job: Job<MessageData>, token = ""): Promise<undefined> {
    const lease = hold(job, token);
    leases.add(lease);
    try {
      // One that Redis handed out while the receiver closes was not there to be let go.
      const outcome =
        !closing && (await slots.take(receiver))
          ? await run(job, lease).finally(() => slots.give())
          : "released";
      if (outcome !== "released") return settle(outcome, runOf(job));
    } finally {
      leases.delete(lease);
      lease.secure();
      if (leases.size === 0) for (const resolve of whenNoneRuns) resolve();
    }
    await job.moveToWait(token);
    throw new WaitingError();
  }

  async function run(job: Job<MessageData>, lease: Lease): Promise<RunOutcome | "released"> {
    const number = runOf(job);
    const final = number >= maxRuns;
    const id = job.id ?? "";
    const message = kept.take(receiver.name, messageIdOf(id)) ?? storedMessage(receiver.name, id, job.data);
    // The progress of a job is the number of its runs that died, and were told of.
    if (job.stalledCounter > Number(job.progress)) {
      const died = { run: Math.min(number - 1, maxRuns), final: number > maxRuns };
      receiver.interrupted(message, died);
      if (died.final) {
        throw dead({
          reason: "run_interrupted",
          runs: died.run,
          error: `The process died during run ${died.run}.`,
        });
      }
      await job.updateProgress(job.stalledCounter).catch(outages.failed);
    }
    const { signal, released } = lease;
    return Promise.race([receiver.run(message, { run: number, final, signal }), released]);
  }

  function settle(outcome: RunOutcome, runs: number): undefined {
    if (outcome.succeeded) return undefined;
    const { reason, error, final } = outcome;
    if (final || runs >= maxRuns) throw dead({ reason, runs, error: errorText(error) });
    throw new Error(errorText(error));
  }

  async function close(): Promise<void> {
    slots.leave(receiver);
    const closed = worker.close().catch(outages.failed);
    if (leases.size > 0) {
      await within(closeTimeoutInSeconds * 1000, new Promise<void>((resolve) => whenNoneRuns.add(resolve)));
    }
    for (const lease of leases) lease.release();
    await within(MAX_RELEASE_MS, closed);
    clearInterval(ticking);
    clients.end();
  }

  return { close: () => (closing ??= close()) };
}

/** The number of the run that goes on: those that failed and those that died came before it. */
function runOf({ attemptsMade, stalledCounter }: Job): number {
  return attemptsMade + stalledCounter + 1;
}

function dead(death: Death): UnrecoverableError {
  return new UnrecoverableError(deathText(death));
}

async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

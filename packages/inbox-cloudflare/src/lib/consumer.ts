import type {
  AcceptedMessage,
  AttachedReceiver,
  QueueBatch,
  RunAttempt,
  RunOutcome,
} from "@diffio-webhooks/core";
import {
  type CheckedDurableInboxOptions,
  errorText,
  clearInterval,
  setInterval,
} from "@diffio-webhooks/core/inbox";
import { type CallObject, pause } from "./bindings.ts";
import type { LeaseHolder, ObjectSettings, RunEnd, StoredMessage } from "./object-protocol.ts";
import { fromQueueMessage } from "./queue-message.ts";

/** An invocation ends after 15 minutes: what has not begun by then is left to another one. */
const MAX_START_MS = 9 * 60_000;
const RETRY_SECONDS = 5;
/** How often it is tried to tell how a run ended, with growing pauses: some seconds in all. */
const MAX_END_TRIES = 6;

type QueuedMessage = QueueBatch["messages"][number];

/** A receiver that messages are run for here. */
export interface Attached {
  readonly receiver: AttachedReceiver;
  running: number;
}

/** What a batch is run with. */
export interface ConsumerParts {
  readonly callObject: CallObject;
  readonly settings: ObjectSettings;
  readonly options: CheckedDurableInboxOptions;
  readonly attached: ReadonlyMap<string, Attached>;
}

/** Makes the consumer of the queue: of all receivers that share the inbox. */
export function createConsumer(parts: ConsumerParts): (batch: QueueBatch) => Promise<void> {
  const { callObject, settings, options, attached } = parts;
  const { maxRuns, concurrency, leaseInSeconds, delayBefore } = options;
  const told = new Set<string>();

  /** The same mistake or outage shows once in each instance. */
  function tellOnce(what: string, ...more: readonly unknown[]): void {
    if (told.has(what)) return;
    told.add(what);
    console.error(`[diffio-webhooks] ${what}`, ...more);
  }

  return async (batch) => {
    const startUntil = Date.now() + MAX_START_MS;
    const waiting = batch.messages.values();
    const leases = new Map<LeaseHolder, AbortController>();
    const renewing = setInterval(() => void renew(leases), (leaseInSeconds * 1000) / 3);
    const takeTurns = async (): Promise<void> => {
      for (const message of waiting) {
        if (Date.now() < startUntil) await take(message, batch.queue, leases);
        else message.retry();
      }
    };
    try {
      const turns = Math.min(concurrency, batch.messages.length);
      await Promise.all(Array.from({ length: turns }, takeTurns));
    } finally {
      clearInterval(renewing);
    }
  };

  async function renew(leases: ReadonlyMap<LeaseHolder, AbortController>): Promise<void> {
    if (leases.size === 0) return;
    const holders = [...leases.keys()];
    try {
      const held = new Set(await callObject((object) => object.renew(holders)));
      for (const holder of holders) {
        if (!held.has(holder.token))
          leases.get(holder)?.abort(new Error("The lease has passed to another run."));
      }
    } catch (error) {
      tellOnce("a lease could not be renewed; this is tried again:", error);
    }
  }

  async function take(
    queued: QueuedMessage,
    queue: string,
    leases: Map<LeaseHolder, AbortController>,
  ): Promise<void> {
    const id = fromQueueMessage(queued.body);
    if (id === undefined) {
      tellOnce(`there are messages of others in the queue ${queue}: give the inbox a queue of its own.`);
      queued.retry();
      return;
    }
    const holder: LeaseHolder = { id, token: crypto.randomUUID() };
    try {
      const request = { ...holder, receivers: [...attached.keys()], maxRuns };
      const lease = await callObject((object) => object.lease(settings, request));
      if (lease.status === "leased") {
        const { run } = lease;
        const message = toAccepted(lease.message);
        if (lease.takenOver) interrupted(message, { run: run - 1, final: false });
        const controller = new AbortController();
        leases.set(holder, controller);
        const attempt = { run, final: run >= maxRuns, signal: controller.signal };
        const end = endOf(await runOnce(message, attempt), run);
        // Renewed until its end is told.
        if (end) await tellEnd(holder, end);
        leases.delete(holder);
      } else if (lease.status === "died") {
        interrupted(toAccepted(lease.message), { run: lease.run, final: true });
      } else if (lease.status === "other-receiver") {
        tellOnce(`messages wait for a receiver named "${lease.receiver}", which this Worker has not.`);
      }
      queued.ack();
    } catch (error) {
      leases.delete(holder);
      tellOnce("a message of the queue could not be taken; this is tried again:", error);
      queued.retry({ delaySeconds: RETRY_SECONDS });
    }
  }

  async function runOnce(message: AcceptedMessage, attempt: RunAttempt): Promise<RunOutcome | undefined> {
    const target = attached.get(message.receiver);
    if (!target) return undefined;
    target.running += 1;
    try {
      return await target.receiver.run(message, attempt);
    } finally {
      target.running -= 1;
    }
  }

  function interrupted(message: AcceptedMessage, attempt: RunAttempt): void {
    attached.get(message.receiver)?.receiver.interrupted(message, attempt);
  }

  function endOf(outcome: RunOutcome | undefined, run: number): RunEnd | undefined {
    if (!outcome) return undefined;
    if (outcome.succeeded) return { state: "done" };
    const { final, reason, error } = outcome;
    if (final) return { state: "dead", reason, error: errorText(error) };
    return { state: "pending", delayInSeconds: delayBefore(run + 1) };
  }

  /** Where it cannot be told at all, the lease runs out, and the message is run again. */
  async function tellEnd(holder: LeaseHolder, end: RunEnd): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await callObject((object) => object.end(holder, end));
        return;
      } catch (error) {
        tellOnce("the end of a run could not be stored; this is tried again:", error);
        if (tries >= MAX_END_TRIES) throw error;
        await pause(250 * 2 ** tries);
      }
    }
  }
}

function toAccepted({ timestamp, ...message }: StoredMessage): AcceptedMessage {
  return { ...message, timestamp: new Date(timestamp) };
}

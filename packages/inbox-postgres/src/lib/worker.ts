import type { AttachedReceiver, InboxAttachment, RunOutcome } from "@diffio-webhooks/core";
import {
  type CheckedDurableInboxOptions,
  clearTimeout,
  setTimeout,
  nameTaken,
} from "@diffio-webhooks/core/inbox";
import type { Attached, Run } from "./attached.ts";
import { type Claimed, claim } from "./claim.ts";
import type { Connection } from "./connection.ts";
import type { Ending } from "./end-runs.ts";
import type { LocalMessages } from "./local-messages.ts";
import type { Place } from "./place.ts";
import { createSettler } from "./settler.ts";
import { untilIdle } from "./until-idle.ts";
import { createUpkeep } from "./upkeep.ts";
import { within } from "./within.ts";

/** What runs messages in this process. */
export interface Worker {
  attach(receiver: AttachedReceiver): InboxAttachment;
  /** Holds a place for a run, where one is free and nothing waits for it. */
  hold(receiver: string): Place | undefined;
  /** Tells that there is something to run for a receiver. */
  wake(receiver: string): void;
  /** The same for all receivers, and for what has no job yet. */
  lookNow(): void;
  /** Detaches all receivers. */
  close(): Promise<void>;
}

interface WorkerParts {
  readonly connection: Connection;
  readonly local: LocalMessages;
  readonly options: CheckedDurableInboxOptions;
  readonly onError: (error: unknown) => void;
  /** Called when the last receiver has been detached. */
  readonly onLast: () => Promise<void>;
}

/** How long the ends of the last runs may take to be written down when a receiver closes. */
const LAST_WORDS_SECONDS = 6;

/** What becomes of a message that this process gives back: it waits, and nothing was run. */
const RELEASED: Ending = { next: "pending", delayInSeconds: 0, counts: false };

/** Makes it. Nothing is opened before a receiver is attached. */
export function createWorker({ connection, local, options, onError, onLast }: WorkerParts): Worker {
  const { concurrency, maxRuns, delayBefore, leaseInSeconds, closeTimeoutInSeconds } = options;
  const attached = new Map<string, Attached>();
  const attachments = new Set<InboxAttachment>();
  const runs = new Map<string, Run>();
  const timers = new Set<NodeJS.Timeout>();
  const settler = createSettler(connection, onError);
  const upkeep = createUpkeep({ connection, options, attached, runs, wake, onError });
  let busy = 0;

  function wake(receiver: string): void {
    const one = attached.get(receiver);
    if (!one) return;
    one.hasWork = true;
    fill(one);
  }

  function fillAll(): void {
    for (const one of attached.values()) fill(one);
  }

  function fill(one: Attached): void {
    if (one.claiming || !one.hasWork || one.isClosing || busy >= concurrency) return;
    one.claiming = claimFor(one).finally(() => {
      one.claiming = undefined;
      fillAll();
    });
  }

  /** Takes as many jobs as there are free slots, which are held meanwhile. */
  async function claimFor(one: Attached): Promise<void> {
    const limit = concurrency - busy;
    busy += limit;
    one.hasWork = false;
    let claimed: readonly Claimed[] = [];
    try {
      const found = await claim(await connection.queues(), one.name, { limit, leaseInSeconds, local });
      claimed = found.runs;
      one.hasWork ||= found.full;
    } catch (error) {
      connection.failed(error);
      onError(error);
    }
    busy -= limit - claimed.length;
    for (const each of claimed) void start(one, each);
  }

  function hold(receiver: string): Place | undefined {
    const one = attached.get(receiver);
    if (!one || one.isClosing || one.hasWork || one.claiming || busy >= concurrency) return undefined;
    busy += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    one.held.add(promise);
    const leave = (): void => {
      one.held.delete(promise);
      resolve();
    };
    const giveUp: Place["giveUp"] = (jobId, messageId) => {
      // Held until then: while the database is down, no more are given up than there are places.
      settler.settle({ receiver, messageId, jobId, ending: RELEASED }, () => {
        busy -= 1;
        leave();
        wake(receiver);
      });
    };
    return {
      run(jobId, message) {
        if (one.isClosing) return giveUp(jobId, message.messageId);
        leave();
        void start(one, { jobId, message, run: 1 });
      },
      free() {
        busy -= 1;
        leave();
        fillAll();
      },
      giveUp,
    };
  }

  async function start(one: Attached, claimed: Claimed): Promise<void> {
    const { message, run } = claimed;
    const controller = new AbortController();
    const own: Run = {
      ...claimed,
      receiver: one.name,
      controller,
      isOver: false,
      over: Promise.withResolvers(),
      settled: Promise.withResolvers(),
    };
    runs.set(own.jobId, own);
    if (one.isClosing) return release(own);
    const outcome = await one.run(message, { run, final: run >= maxRuns, signal: controller.signal });
    end(own, endingOf(outcome, run));
  }

  function endingOf(outcome: RunOutcome, run: number): Ending {
    if (outcome.succeeded) return { next: "done" };
    const { final, reason, error } = outcome;
    if (final) return { next: "dead", reason, error };
    return { next: "pending", delayInSeconds: delayBefore(run + 1), counts: true };
  }

  /** Gives a run up, without counting it: another process, or the next start, has it at once. */
  function release(own: Run): void {
    own.controller.abort(new Error("The inbox closes."));
    end(own, RELEASED);
  }

  function end(own: Run, ending: Ending): void {
    if (own.isOver) return;
    own.isOver = true;
    own.over.resolve();
    busy -= 1;
    const { receiver, jobId, message } = own;
    settler.settle({ receiver, messageId: message.messageId, jobId, ending }, () => {
      runs.delete(jobId);
      own.settled.resolve();
      if (ending.next === "pending") wakeIn(ending.delayInSeconds, receiver);
    });
    fillAll();
  }

  /** Wakes a receiver when a job of its own making is due. */
  function wakeIn(seconds: number, receiver: string): void {
    if (!attached.has(receiver)) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      wake(receiver);
    }, seconds * 1000);
    timers.add(timer);
  }

  /** Lets the runs of a receiver end, and releases those that take too long. */
  async function drain(one: Attached): Promise<void> {
    one.isClosing = true;
    await one.claiming;
    const own = [...runs.values()].filter(({ receiver }) => receiver === one.name);
    await allWithin(
      own.map(({ over }) => over.promise),
      closeTimeoutInSeconds,
    );
    for (const run of own) if (!run.isOver) release(run);
    await allWithin([...own.map(({ settled }) => settled.promise), ...one.held], LAST_WORDS_SECONDS);
  }

  function attachmentOf(one: Attached): InboxAttachment {
    let closing: Promise<void> | undefined;
    const isOpen = (): boolean => attached.get(one.name) === one;
    const attachment: InboxAttachment = {
      idle: () => untilIdle(connection, one.name, isOpen),
      close() {
        return (closing ??= drain(one).then(async () => {
          attached.delete(one.name);
          attachments.delete(attachment);
          if (attached.size > 0) return;
          for (const timer of timers) clearTimeout(timer);
          timers.clear();
          // What could not be written down is taken over by others when its lease is over.
          settler.giveUp();
          runs.clear();
          await upkeep.stop();
          await onLast();
        }));
      },
    };
    return attachment;
  }

  return {
    attach(receiver) {
      if (attached.has(receiver.name)) {
        throw nameTaken(receiver.name);
      }
      const { name, run } = receiver;
      const one: Attached = {
        name,
        run,
        interrupted: (message, attempt) => receiver.interrupted(message, attempt),
        hasWork: true,
        claiming: undefined,
        held: new Set(),
        isClosing: false,
      };
      attached.set(name, one);
      const attachment = attachmentOf(one);
      attachments.add(attachment);
      upkeep.start();
      return attachment;
    },
    hold,
    wake,
    lookNow: () => upkeep.lookNow(),
    async close() {
      await Promise.all(Array.from(attachments, (attachment) => attachment.close()));
    },
  };
}

/** Waits until all have resolved, but not for ever. */
async function allWithin(promises: readonly Promise<void>[], seconds: number): Promise<void> {
  await within(Promise.all(promises), seconds, "Not all ended").catch(() => {});
}

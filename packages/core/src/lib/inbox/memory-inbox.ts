import { type BackoffInSeconds, backoffDelays } from "./backoff.ts";
import { WebhookError } from "../errors.ts";
import type { Acceptance, AcceptedMessage, Inbox, InboxAttachment, RunMessage, RunOutcome } from "./inbox.ts";
import { checkNumber } from "../options.ts";
import { nameTaken } from "./name-taken.ts";
import { RememberedIds } from "./remembered-ids.ts";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "../timers.ts";

/** Options of {@link memoryInbox}. */
export interface MemoryInboxOptions {
  /**
   * Ids remembered for each receiver, so that a resend of a handled message runs nothing; the oldest are forgotten
   * first. Default 100,000.
   */
  maxIds?: number | undefined;
  /** Messages that wait for a run; beyond it the sender gets 503 and retries later. Default 10,000. */
  maxWaiting?: number | undefined;
  /** Callbacks that run at once. Default 100. */
  concurrency?: number | undefined;
  /** Runs before a message is abandoned. Default 3. */
  maxRuns?: number | undefined;
  /** The delay before run 2, doubled for each further run; or a list; or a function of the run. Default 0.1. */
  backoffInSeconds?: BackoffInSeconds | undefined;
}

/** A message that is waiting or running. */
interface Active {
  readonly rawBody: Uint8Array;
  readonly outcome: Promise<RunOutcome>;
}

/** One receiver's share of the inbox. */
interface Attached {
  readonly run: RunMessage;
  /** Messages that are waiting or running, by id. */
  readonly active: Map<string, Active>;
  /** Ids of handled messages, in the order of their end. */
  readonly done: RememberedIds;
  closing: boolean;
  readonly whenIdle: Set<() => void>;
  /** Ends the delays between runs, when the receiver closes. */
  readonly hurry: Set<() => void>;
}

const DUPLICATE: Acceptance = { duplicate: true };
const SUCCEEDED: RunOutcome = { succeeded: true };

/**
 * Keeps accepted messages in bounded memory: the default, for development and for services that can afford to lose
 * the messages that are waiting or running when the process dies (the sender counts those as delivered).
 *
 * @throws WebhookError `invalid_option`
 */
export function memoryInbox(options: MemoryInboxOptions = {}): Inbox {
  const maxIds = checkNumber("maxIds", options.maxIds, { default: 100_000, min: 1, integer: true });
  const maxWaiting = checkNumber("maxWaiting", options.maxWaiting, { default: 10_000, integer: true });
  const concurrency = checkNumber("concurrency", options.concurrency, {
    default: 100,
    min: 1,
    integer: true,
  });
  const maxRuns = checkNumber("maxRuns", options.maxRuns, { default: 3, min: 1, integer: true });
  const delayBefore = backoffDelays(options.backoffInSeconds, 0.1);

  const receivers = new Map<string, Attached>();
  /** Kept when a receiver closes: the next of its name knows them. */
  const handled = new Map<string, RememberedIds>();
  const waitingForSlot = new Set<() => void>();
  let running = 0;
  let accepted = 0;

  const isFull = (): boolean => accepted >= concurrency + maxWaiting;

  function attachedOf({ receiver }: AcceptedMessage): Attached {
    const attached = receivers.get(receiver);
    if (attached) return attached;
    throw new WebhookError("receiver_closed", "No receiver of this name is open.");
  }

  /** Takes a message that is not known; it may be tried `runs` times. */
  function take(message: AcceptedMessage, attached: Attached, runs: number): Promise<RunOutcome> {
    if (isFull()) throw new WebhookError("receiver_busy", `${maxWaiting} messages are waiting already.`);
    accepted += 1;
    const outcome = work(message, attached, runs);
    attached.active.set(message.messageId, { rawBody: message.rawBody, outcome });
    return outcome;
  }

  /** Runs a message until it has succeeded or is abandoned; never rejects. */
  async function work(message: AcceptedMessage, attached: Attached, runs: number): Promise<RunOutcome> {
    let outcome: RunOutcome = SUCCEEDED;
    for (let run = 1; run <= runs; run++) {
      if (run > 1 && !attached.closing) await pause(attached, delayBefore(run));
      if (running < concurrency) running += 1;
      else await fromElsewhere(new Promise<void>((resolve) => waitingForSlot.add(resolve)));
      outcome = await attached.run(message, { run, final: run === runs });
      releaseSlot();
      if (outcome.succeeded || outcome.final) break;
    }
    accepted -= 1;
    attached.active.delete(message.messageId);
    // An abandoned message is forgotten: a resend of it runs again.
    if (outcome.succeeded) attached.done.add(message.messageId);
    if (attached.active.size === 0) {
      for (const resolve of attached.whenIdle) resolve();
      attached.whenIdle.clear();
    }
    return outcome;
  }

  /** Passes the slot to the one that has waited longest, so that no other can take it first. */
  function releaseSlot(): void {
    const next = waitingForSlot.size > 0 ? waitingForSlot.values().next().value : undefined;
    if (next) {
      waitingForSlot.delete(next);
      next();
    } else {
      running -= 1;
    }
  }

  return {
    accept(message) {
      const attached = attachedOf(message);
      const { messageId, rawBody } = message;
      if (attached.done.has(messageId)) return DUPLICATE;
      const active = attached.active.get(messageId);
      if (active) return { duplicate: true, sameBody: equalBytes(active.rawBody, rawBody) };
      return { duplicate: false, runs: take(message, attached, maxRuns) };
    },
    acceptAndRun(message) {
      const attached = attachedOf(message);
      const { messageId, rawBody } = message;
      if (attached.done.has(messageId)) return { duplicate: true, outcome: Promise.resolve(SUCCEEDED) };
      const active = attached.active.get(messageId);
      return {
        duplicate: active !== undefined,
        sameBody: active && equalBytes(active.rawBody, rawBody),
        outcome: fromElsewhere(active?.outcome ?? take(message, attached, 1)),
      };
    },
    isFull,
    attach({ name, run }) {
      if (receivers.has(name)) {
        throw nameTaken(name);
      }
      const done = handled.get(name) ?? new RememberedIds(maxIds);
      handled.set(name, done);
      const attached: Attached = {
        run,
        active: new Map(),
        done,
        closing: false,
        whenIdle: new Set(),
        hurry: new Set(),
      };
      receivers.set(name, attached);
      return attachmentOf(name, attached);
    },
  };

  function attachmentOf(name: string, attached: Attached): InboxAttachment {
    const idle = (): Promise<void> =>
      attached.active.size === 0
        ? Promise.resolve()
        : fromElsewhere(
            new Promise((resolve) => {
              attached.whenIdle.add(resolve);
            }),
          );
    return {
      idle,
      async close() {
        attached.closing = true;
        for (const wake of attached.hurry) wake();
        await idle();
        if (receivers.get(name) === attached) receivers.delete(name);
      },
    };
  }
}

/**
 * Waits for something that another request does, with a timer running meanwhile: Workers consider a request that waits
 * for nothing of its own to be hung, and cancel it.
 */
async function fromElsewhere<Value>(promise: Promise<Value>): Promise<Value> {
  const timer = setInterval(() => {}, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

function pause(attached: Attached, seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      attached.hurry.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, seconds * 1000);
    attached.hurry.add(wake);
  });
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

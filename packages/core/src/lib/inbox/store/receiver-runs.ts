import { WebhookError } from "../../errors.ts";
import { clearTimeout, setTimeout } from "../../timers.ts";
import type { CheckedDurableInboxOptions } from "../durable-inbox-options.ts";
import type { AcceptedMessage, AttachedReceiver, RunAttempt, RunOutcome } from "../inbox.ts";
import { interruption, toStoredError } from "./convert.ts";
import type { Endings } from "./endings.ts";
import type { ClaimedMessage, Ending, HeldRun, Lease, MessageStore } from "./message-store.ts";
import type { Outage } from "./outage.ts";

const LOST = "The lease of this run has passed to another process.";
/** How long a receiver that closes waits for the engine to take what is left to be written. */
const LAST_WRITES_SECONDS = 7;

/** What a receiver's runs need of the inbox. */
export interface RunsParts {
  readonly options: CheckedDurableInboxOptions;
  readonly store: MessageStore;
  readonly outage: Outage;
  readonly endings: Endings;
  /** Callbacks have ended: there is room for others. */
  onRoom(receiver: string): void;
  /** There may be messages to claim. */
  onWork(receiver: string): void;
  /** A message is due in so many milliseconds. */
  onDue(inMs: number): void;
}

interface Run {
  readonly seq: number;
  readonly lease: Lease;
  readonly controller: AbortController;
  /** Its callbacks go on. */
  isCalling: boolean;
  /** Its lease has been given back, or is lost: how it ends changes nothing. */
  isGivenUp: boolean;
}

/** A receiver whose messages run here. */
export class ReceiverRuns {
  readonly name: string;
  /** Takes no further run. */
  isClosing = false;
  readonly #receiver: AttachedReceiver;
  readonly #parts: RunsParts;
  readonly #runs = new Set<Run>();
  /** Those whose callbacks go on. */
  readonly #calling = new Set<Promise<void>>();
  readonly #writing = new Set<Promise<boolean>>();
  readonly #whenQuiet = new Set<() => void>();

  constructor(receiver: AttachedReceiver, parts: RunsParts) {
    this.name = receiver.name;
    this.#receiver = receiver;
    this.#parts = parts;
  }

  /** The runs that go on, or whose end is being written down. */
  get held(): HeldRun[] {
    return Array.from(this.#runs)
      .filter(({ isGivenUp }) => !isGivenUp)
      .map(({ seq, lease }) => ({ seq, claim: lease.claim }));
  }

  /** Runs a message, in a place that is taken for it; the place is free when its callbacks have ended. */
  start(seq: number, lease: Lease, message: AcceptedMessage, number: number): void {
    const run = this.#add(seq, lease);
    if (this.isClosing) {
      this.#parts.onRoom(this.name);
      void this.#finish(run, { to: "released" });
      return;
    }
    const calling = this.#call(run, message, number).finally(() => this.#calling.delete(calling));
    this.#calling.add(calling);
  }

  async #call(run: Run, message: AcceptedMessage, number: number): Promise<void> {
    const { options, store } = this.#parts;
    const attempt = { run: number, final: number >= options.maxRuns, signal: run.controller.signal };
    run.isCalling = true;
    const outcome = store.transact
      ? await this.#callInTransaction(store.transact, run, message, attempt)
      : await this.#receiver.run(message, attempt);
    run.isCalling = false;
    this.#parts.onRoom(this.name);
    if (outcome === "committed") this.#ended(run);
    else if (outcome === "not begun") void this.#finish(run, { to: "released" });
    else if (outcome.succeeded) void this.#finish(run, { to: "done" });
    else {
      const { final, reason } = outcome;
      const error = toStoredError(outcome.error);
      if (final) void this.#finish(run, { to: "dead", reason, error });
      else
        this.#retry(run, { to: "pending", delayInMs: this.#delayAfter(number), reason, error }).catch(
          () => {},
        );
    }
  }

  /** The run's effects and "done" are committed together; where that fails, the run has failed. */
  async #callInTransaction(
    transact: NonNullable<MessageStore["transact"]>,
    run: Run,
    message: AcceptedMessage,
    attempt: RunAttempt,
  ): Promise<RunOutcome | "committed" | "not begun"> {
    let outcome: RunOutcome | undefined;
    try {
      const isCommitted = await transact(run, async (transaction) => {
        outcome = await this.#receiver.run(message, { ...attempt, transaction });
        return outcome.succeeded;
      });
      if (isCommitted) return "committed";
    } catch (error) {
      if (!outcome) this.#parts.outage.failed(error);
      if (outcome?.succeeded) {
        this.#receiver.interrupted(message, attempt, error);
        return { succeeded: false, final: attempt.final, reason: "handler_failed", error };
      }
    }
    // With the lease gone, the message is another process's.
    if (outcome?.succeeded) this.#giveUp(run, LOST);
    return outcome ?? "not begun";
  }

  #delayAfter(number: number): number {
    return this.#parts.options.delayBefore(number + 1) * 1000;
  }

  /** Judges a run that died alone with its process: it counts. */
  async judge({ seq, run: number }: ClaimedMessage, lease: Lease, message: AcceptedMessage): Promise<void> {
    const final = number >= this.#parts.options.maxRuns;
    const reason = "run_interrupted";
    const error = toStoredError(interruption(number));
    const run = this.#add(seq, lease);
    const isOurs = final
      ? await this.#finish(run, { to: "dead", reason, error })
      : await this.#retry(run, { to: "pending", delayInMs: this.#delayAfter(number), reason, error });
    if (isOurs) this.#receiver.interrupted(message, { run: number, final });
  }

  /** Reports a run that died with its process beside others: it does not count. */
  diedBeside({ run }: ClaimedMessage, message: AcceptedMessage): void {
    this.#receiver.interrupted(message, { run, final: false });
  }

  /** Leases that are gone: those of some runs, or all. */
  lose(lost: readonly HeldRun[] | "all"): void {
    for (const run of this.#runs) {
      if (!run.isCalling) continue;
      if (lost === "all" || lost.some(({ seq, claim }) => seq === run.seq && claim === run.lease.claim))
        this.#giveUp(run, LOST);
    }
  }

  get isQuiet(): boolean {
    return this.#runs.size === 0;
  }

  /** Resolves when nothing runs here, or after so long. */
  async untilQuiet(milliseconds: number): Promise<void> {
    let resolve: () => void = () => {};
    const quiet = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#whenQuiet.add(resolve);
    await atMost(milliseconds, quiet);
    this.#whenQuiet.delete(resolve);
  }

  /** Lets its runs end, for a while; aborts and releases the others. */
  async close(): Promise<void> {
    this.isClosing = true;
    await atMost(this.#parts.options.closeTimeoutInSeconds * 1000, Promise.all(this.#calling));
    for (const run of this.#runs) {
      if (!run.isCalling || run.isGivenUp) continue;
      this.#giveUp(run, "The receiver is closing, and the run took too long.");
      void this.#write(run, { to: "released" });
    }
    await atMost(LAST_WRITES_SECONDS * 1000, Promise.all(this.#writing));
  }

  #add(seq: number, lease: Lease): Run {
    const run = { seq, lease, controller: new AbortController(), isCalling: false, isGivenUp: false };
    this.#runs.add(run);
    return run;
  }

  #giveUp(run: Run, message: string): void {
    run.isGivenUp = true;
    run.controller.abort(new WebhookError("run_interrupted", message));
  }

  async #retry(run: Run, ending: Ending & { to: "pending" }): Promise<boolean> {
    const isOurs = await this.#finish(run, ending);
    if (isOurs) this.#parts.onDue(ending.delayInMs);
    return isOurs;
  }

  async #finish(run: Run, ending: Ending): Promise<boolean> {
    const isOurs = !run.isGivenUp && (await this.#write(run, ending));
    this.#ended(run);
    return isOurs;
  }

  #ended(run: Run): void {
    this.#runs.delete(run);
    if (this.isQuiet) for (const resolve of this.#whenQuiet) resolve();
    // The next one about the same subject may run now.
    if (this.#parts.options.isSerial) this.#parts.onWork(this.name);
  }

  #write({ seq, lease }: Run, ending: Ending): Promise<boolean> {
    const written = this.#parts.endings
      .write({ seq, lease, ending })
      .finally(() => this.#writing.delete(written));
    this.#writing.add(written);
    return written;
  }
}

async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}

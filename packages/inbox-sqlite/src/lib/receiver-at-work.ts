import type { AcceptedMessage, AttachedReceiver } from "@diffio-webhooks/core";
import { WebhookError } from "@diffio-webhooks/core";
import { type CheckedDurableInboxOptions, errorText } from "@diffio-webhooks/core/inbox";
import type { Ending, Lease, LeasedMessage } from "./operations.ts";
import type { Outage } from "./outage.ts";
import type { StoreClient } from "./store-client.ts";
import { atMost, pause } from "./waiting.ts";

const RETRY_MS = 1000;
/** How long a receiver that closes waits for the database to take what is left to be written. */
const LAST_WORDS_MS = 7000;

/** What a receiver's runs need of the inbox. */
export interface RunsOptions extends CheckedDurableInboxOptions {
  readonly store: StoreClient;
  readonly outage: Outage;
  /** A callback has ended: there is room for another. */
  onRoom(): void;
  /** A message will be due then, in ms since the epoch. */
  onDue(at: number): void;
}

interface Run extends Lease {
  readonly controller: AbortController;
  /** Its callbacks go on. */
  calling: boolean;
  /** Its lease has been given back, or has passed to another process: how it ends is nobody's business. */
  givenUp: boolean;
}

/** A receiver whose messages run here. */
export class ReceiverAtWork {
  readonly name: string;
  /** Takes no further run. */
  closing = false;
  readonly #receiver: AttachedReceiver;
  readonly #options: RunsOptions;
  readonly #runs = new Map<number, Run>();
  readonly #whenQuiet = new Set<() => void>();
  readonly #writing = new Set<Promise<boolean>>();
  /** What is not written down by now is left to its lease. */
  #gone = false;

  constructor(receiver: AttachedReceiver, options: RunsOptions) {
    this.name = receiver.name;
    this.#receiver = receiver;
    this.#options = options;
  }

  get leases(): readonly Lease[] {
    return Array.from(this.#runs.values())
      .filter(({ givenUp }) => !givenUp)
      .map(({ seq, token }) => ({ seq, token }));
  }

  /** Runs a message; takes a slot until its callbacks have ended. */
  async start(lease: Lease, message: AcceptedMessage, attempt: number): Promise<void> {
    const run = this.#add(lease, true);
    if (this.closing) {
      run.calling = false;
      this.#options.onRoom();
      await this.#finish(run, { to: "released" });
      return;
    }
    const { maxRuns, delayBefore, onRoom } = this.#options;
    const final = attempt >= maxRuns;
    const outcome = await this.#receiver.run(message, { run: attempt, final, signal: run.controller.signal });
    run.calling = false;
    onRoom();
    if (outcome.succeeded) await this.#finish(run, { to: "done" });
    else if (outcome.final) {
      await this.#finish(run, { to: "dead", reason: outcome.reason, error: errorText(outcome.error) });
    } else await this.#finish(run, { to: "pending", delayInMs: delayBefore(attempt + 1) * 1000 });
  }

  /** Judges a run whose process died, or lost its lease: it counts. Takes no slot. */
  async recover(lease: LeasedMessage, message: AcceptedMessage, expiredAt: number): Promise<void> {
    const { maxRuns, delayBefore, leaseInSeconds } = this.#options;
    const { run: attempt } = lease;
    const final = attempt >= maxRuns;
    // The backoff counts from the last sign of life: in most cases the lease has taken longer.
    const diedAt = expiredAt - leaseInSeconds * 1000;
    const error = new WebhookError("run_interrupted", `The process died during run ${attempt}.`);
    const ending: Ending = final
      ? { to: "dead", reason: "run_interrupted", error: errorText(error) }
      : { to: "pending", delayInMs: Math.max(0, diedAt + delayBefore(attempt + 1) * 1000 - Date.now()) };
    const held = await this.#finish(this.#add(lease, false), ending);
    if (held) this.#receiver.interrupted(message, { run: attempt, final });
  }

  /** A lease has passed to another process. */
  lose({ token }: Lease): void {
    const run = this.#runs.get(token);
    if (!run) return;
    this.#giveUp(run, "The lease of this run has passed to another process.");
  }

  /** Whether nothing runs here. */
  get isQuiet(): boolean {
    return this.#runs.size === 0;
  }

  /** Resolves when the next run has ended that leaves nothing running here; at the latest after so long. */
  async untilQuiet(milliseconds: number): Promise<void> {
    let resolve: () => void = () => {};
    const quiet = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#whenQuiet.add(resolve);
    await atMost(milliseconds, quiet);
    this.#whenQuiet.delete(resolve);
  }

  /** Lets runs end, then aborts and releases those that go on. */
  async close(): Promise<void> {
    this.closing = true;
    const { store, closeTimeoutInSeconds } = this.#options;
    // Answers come in order: with this one, all that was asked for before has come.
    const answered = store.send("active", { receiver: this.name }).catch(() => {});
    if (!this.isQuiet) await this.untilQuiet(closeTimeoutInSeconds * 1000);
    await answered;
    for (const run of this.#runs.values()) {
      if (!run.calling || run.givenUp) continue;
      this.#giveUp(run, "The receiver closes: this run is left to another process, or to the next start.");
      void this.#write(run, { to: "released" });
    }
    await atMost(LAST_WORDS_MS, Promise.all(this.#writing));
    this.#gone = true;
  }

  #add({ seq, token }: Lease, calling: boolean): Run {
    const run = { seq, token, controller: new AbortController(), calling, givenUp: false };
    this.#runs.set(token, run);
    return run;
  }

  #giveUp(run: Run, message: string): void {
    run.givenUp = true;
    run.controller.abort(new WebhookError("run_interrupted", message));
  }

  async #finish(run: Run, ending: Ending): Promise<boolean> {
    const held = !run.givenUp && (await this.#write(run, ending));
    this.#runs.delete(run.token);
    if (this.isQuiet) for (const resolve of this.#whenQuiet) resolve();
    return held;
  }

  #write(lease: Lease, ending: Ending): Promise<boolean> {
    const written = this.#untilWritten(lease, ending).finally(() => this.#writing.delete(written));
    this.#writing.add(written);
    return written;
  }

  /** However long the database cannot be used; false where the lease is no longer ours. */
  async #untilWritten({ seq, token }: Lease, ending: Ending): Promise<boolean> {
    const { store, outage, onDue } = this.#options;
    for (;;) {
      try {
        const { held, dueAt } = await store.send("finish", { seq, token, ending }, { lingers: true });
        if (held && dueAt !== null) onDue(dueAt);
        return held;
      } catch (error) {
        outage.failed(error);
        if (this.#gone) return false;
        await pause(RETRY_MS);
      }
    }
  }
}

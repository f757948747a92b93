import { clearTimeout, nextTurn, setTimeout } from "../../timers.ts";
import type { CheckedDurableInboxOptions } from "../durable-inbox-options.ts";
import type { AcceptedMessage } from "../inbox.ts";
import { fromStored } from "./convert.ts";
import { KeptMessages } from "./kept-messages.ts";
import type { ClaimedMessage, Lease, MessageStore, Outlook } from "./message-store.ts";
import type { Outage } from "./outage.ts";
import { Places } from "./places.ts";
import type { ReceiverRuns } from "./receiver-runs.ts";
import { Upkeep } from "./upkeep.ts";

/** Other processes are told at most so often. */
const NOTIFY_MS = 50;

/** What runs which message when, in this process. */
export class WorkLoop {
  readonly receivers: Map<string, ReceiverRuns> = new Map();
  readonly #store: MessageStore;
  readonly #outage: Outage;
  readonly #places: Places;
  readonly #upkeep: Upkeep;
  readonly #kept = new KeptMessages();
  /** Receivers that may have messages to claim. */
  readonly #backlog = new Set<string>();
  readonly #backlogAlone = new Set<string>();
  readonly #toNotify = new Set<string | null>();
  readonly #underWay = new Set<number>();
  #paused: ReadonlySet<string | null> = new Set();
  #owner: Promise<number> | undefined;
  #claims = 0;
  #claiming: Promise<void> | undefined;
  /** Something has changed while claims were being made. */
  #claimsAgain = false;
  /** After a message that ran alone, the others have their turn. */
  #othersFirst = false;
  #hasOthers = true;
  #notifyTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    store: MessageStore,
    { concurrency, leaseInSeconds }: CheckedDurableInboxOptions,
    outage: Outage,
  ) {
    this.#store = store;
    this.#outage = outage;
    this.#places = new Places(concurrency);
    this.#upkeep = new Upkeep(store, this, { leaseInSeconds, outage });
  }

  // What arrives: see `Work` in arrivals.ts.

  takePlace(receiver: string): boolean {
    const runs = this.receivers.get(receiver);
    // Those that wait already come first.
    if (!runs || runs.isClosing || this.#backlog.has(receiver) || this.#isPaused(receiver)) return false;
    if (this.#places.roomFor(receiver) === 0) return false;
    this.#places.take(receiver);
    return true;
  }

  releasePlace(receiver: string): void {
    this.#places.release(receiver);
    this.#claimSoon();
  }

  async lease(): Promise<Lease> {
    const owner = await this.owner();
    this.#claims += 1;
    this.#underWay.add(this.#claims);
    return { owner, claim: this.#claims };
  }

  over({ claim }: Lease): void {
    this.#underWay.delete(claim);
  }

  failed(lease: Lease): void {
    this.over(lease);
    this.#upkeep.reconcile();
  }

  started(seq: number, lease: Lease, message: AcceptedMessage): void {
    const runs = this.receivers.get(message.receiver);
    if (runs) runs.start(seq, lease, message, 1);
    // It has closed meanwhile. `leave` or `renew` releases the message.
    else this.releasePlace(message.receiver);
  }

  waits(seq: number, message: AcceptedMessage): void {
    const { receiver } = message;
    const runs = this.receivers.get(receiver);
    if (runs && !runs.isClosing) {
      this.#kept.keep(seq, message);
      this.#backlog.add(receiver);
      this.#claimSoon();
    }
    this.#leftForOthers(receiver);
  }

  // Receivers.

  attach(runs: ReceiverRuns): void {
    if (this.receivers.size === 0) this.#store.watch?.((receiver) => this.wake(receiver));
    this.receivers.set(runs.name, runs);
    this.#places.open(runs.name);
    this.#backlog.add(runs.name);
    this.#upkeep.start();
  }

  /** Returns whether it was the last one. */
  detach(runs: ReceiverRuns): boolean {
    if (this.receivers.get(runs.name) === runs) this.receivers.delete(runs.name);
    this.#places.close(runs.name);
    // What it released, or never began.
    this.#toNotify.add(runs.name);
    return this.receivers.size === 0;
  }

  /** Ends what this process does with the store. Nothing is released that a live run holds. */
  async stop(): Promise<void> {
    this.#upkeep.stop();
    this.#backlog.clear();
    this.#backlogAlone.clear();
    await this.#claiming;
    const owner = this.#owner;
    this.#owner = undefined;
    try {
      if (owner) await this.#store.leave(await owner);
    } catch (error) {
      this.#outage.failed(error);
    }
    await this.#notify();
  }

  /** A receiver, or any, may have work. */
  wake(receiver: string | null): void {
    for (const name of receiver === null ? this.receivers.keys() : [receiver]) {
      if (this.receivers.has(name)) this.#backlog.add(name);
    }
    this.#claimSoon();
  }

  /** A receiver, or any, has work by somebody's hand: looks at once, and tells the other processes. */
  wakeAll(receiver: string | null): void {
    this.#leftForOthers(receiver);
    this.wake(receiver);
    this.#upkeep.lookIn(0);
  }

  onDue(inMs: number): void {
    this.#upkeep.lookIn(inMs);
  }

  #isPaused(receiver: string): boolean {
    return this.#paused.has(receiver) || this.#paused.has(null);
  }

  get openNames(): string[] {
    return Array.from(this.receivers.values())
      .filter(({ isClosing }) => !isClosing)
      .map(({ name }) => name);
  }

  /** Tells other processes, which may have room: gathered, since it costs a lock of the whole server in some engines. */
  #leftForOthers(receiver: string | null): void {
    const isAllHere = !this.#hasOthers && (receiver === null || this.receivers.has(receiver));
    if (!this.#store.notify || isAllHere) return;
    this.#toNotify.add(receiver);
    this.#notifyTimer ??= setTimeout(() => void this.#notify(), NOTIFY_MS);
  }

  async #notify(): Promise<void> {
    clearTimeout(this.#notifyTimer);
    this.#notifyTimer = undefined;
    const receivers = [...this.#toNotify];
    this.#toNotify.clear();
    // They look every second anyway.
    if (receivers.length > 0) await this.#store.notify?.(receivers).catch(() => {});
  }

  // Claiming.

  #claimSoon(): void {
    this.#claimsAgain = true;
    if (this.#backlog.size + this.#backlogAlone.size === 0) return;
    this.#claiming ??= this.#claimAll();
  }

  async #claimAll(): Promise<void> {
    await new Promise<void>(nextTurn);
    try {
      while (this.#claimsAgain) {
        this.#claimsAgain = false;
        while (await this.#claimSome());
      }
    } catch (error) {
      // The next look claims again.
      this.#outage.failed(error);
    } finally {
      this.#claiming = undefined;
    }
  }

  /** Returns whether there may be more to claim, and room for it. */
  async #claimSome(): Promise<boolean> {
    const names = this.openNames.filter((name) => !this.#isPaused(name));
    const alone = names.find((name) => this.#backlogAlone.has(name));
    const others = names.filter((name) => this.#backlog.has(name));
    if (alone === undefined) this.#places.forgetAlone();
    if (alone === undefined || (this.#othersFirst && others.length > 0)) {
      this.#othersFirst = false;
      const wanted = this.#places.divide(others);
      return wanted.length > 0 && this.#claim(wanted, false);
    }
    this.#places.awaitAlone();
    if (!this.#places.takeAlone(alone)) return false;
    this.#othersFirst = true;
    return this.#claim([{ receiver: alone, limit: 1 }], true);
  }

  async #claim(
    wanted: readonly { readonly receiver: string; readonly limit: number }[],
    alone: boolean,
  ): Promise<boolean> {
    const backlog = alone ? this.#backlogAlone : this.#backlog;
    for (const { receiver } of wanted) backlog.delete(receiver);
    const unused = new Map(wanted.map(({ receiver, limit }) => [receiver, limit]));
    let lease: Lease | undefined;
    try {
      lease = await this.lease();
      const claimed = await this.#store.claim(wanted, lease, alone);
      if (!claimed) {
        this.loseOwner();
        for (const { receiver } of wanted) backlog.add(receiver);
      }
      for (const message of claimed ?? []) {
        const places = unused.get(message.receiver) ?? 0;
        unused.set(message.receiver, places - 1);
        if (places === 1) backlog.add(message.receiver);
        this.#begin(message, lease);
      }
      return true;
    } catch (error) {
      for (const { receiver } of wanted) backlog.add(receiver);
      this.#upkeep.reconcile();
      throw error;
    } finally {
      if (lease) this.over(lease);
      for (const [receiver, places] of unused) if (places > 0) this.#places.release(receiver, places);
    }
  }

  #begin(claimed: ClaimedMessage, lease: Lease): void {
    const { seq, receiver, run, died } = claimed;
    const runs = this.receivers.get(receiver);
    if (!runs) {
      // It has closed meanwhile. `leave` or `renew` releases the message.
      this.#places.release(receiver);
      return;
    }
    const kept = this.#kept.take(seq);
    const message = kept && run === 1 && died === null ? kept : fromStored(claimed);
    if (died === "alone") {
      this.#places.release(receiver);
      void runs.judge(claimed, lease, message);
      return;
    }
    if (died === "beside") runs.diedBeside(claimed, message);
    runs.start(seq, lease, message, run);
  }

  // Upkeep: see `Upkept` in upkeep.ts.

  /** The number of this process, which is registered if it has none. */
  owner(): Promise<number> {
    this.#owner ??= this.#store.register().catch((error: unknown) => {
      this.#owner = undefined;
      throw error;
    });
    return this.#owner;
  }

  /** All claims below this one have been answered. */
  get settledBefore(): number {
    return Math.min(this.#claims + 1, ...this.#underWay);
  }

  see({ due, dueAlone, hasOthers, paused }: Outlook): void {
    this.#hasOthers = hasOthers;
    this.#paused = new Set(paused);
    for (const name of due) this.#backlog.add(name);
    for (const name of dueAlone) this.#backlogAlone.add(name);
    this.#claimSoon();
  }

  /** This process was taken for dead: its runs have passed to others. */
  loseOwner(): void {
    this.#owner = undefined;
    for (const runs of this.receivers.values()) runs.lose("all");
  }
}

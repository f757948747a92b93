import { clearInterval, clearTimeout, monotonicSeconds, setInterval, setTimeout } from "../../timers.ts";
import type { MessageStore, Outlook } from "./message-store.ts";
import type { Outage } from "./outage.ts";
import { OwnerWatch } from "./owners.ts";
import type { ReceiverRuns } from "./receiver-runs.ts";
import { StoreClock } from "./store-clock.ts";

/** How soon is seen what another process has left, retried or replayed, if the engine cannot tell of it. */
const LOOK_MS = 1000;
const SHORTEST_LOOK_MS = 5;
/** By then the engine has given up what failed here, or has done it after all. */
const UNCERTAIN_SECONDS = 10;

/** The work that is looked after. */
export interface Upkept {
  readonly receivers: ReadonlyMap<string, ReceiverRuns>;
  /** The receivers that take further runs. */
  readonly openNames: readonly string[];
  readonly settledBefore: number;
  owner(): Promise<number>;
  see(outlook: Outlook): void;
  wake(receiver: string | null): void;
  loseOwner(): void;
}

/** What is done now and then: looking for work, saying that this process lives, and taking over from those that do not. */
export class Upkeep {
  readonly #store: MessageStore;
  readonly #work: Upkept;
  readonly #outage: Outage;
  readonly #leaseInSeconds: number;
  readonly #owners: OwnerWatch;
  readonly #clock = new StoreClock();
  #isOn = false;
  #isLooking = false;
  #lookAt = Number.POSITIVE_INFINITY;
  #failedAt: number | undefined;
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  #renewTimer: ReturnType<typeof setInterval> | undefined;

  constructor(
    store: MessageStore,
    work: Upkept,
    { leaseInSeconds, outage }: { readonly leaseInSeconds: number; readonly outage: Outage },
  ) {
    this.#store = store;
    this.#work = work;
    this.#outage = outage;
    this.#leaseInSeconds = leaseInSeconds;
    this.#owners = new OwnerWatch(leaseInSeconds);
  }

  start(): void {
    this.#isOn = true;
    this.#renewTimer ??= setInterval(() => void this.#renew(), (this.#leaseInSeconds * 1000) / 3);
    this.lookIn(0);
  }

  stop(): void {
    this.#isOn = false;
    clearTimeout(this.#lookTimer);
    clearInterval(this.#renewTimer);
    this.#renewTimer = undefined;
    this.#lookAt = Number.POSITIVE_INFINITY;
  }

  /** A statement has failed, and may have taken leases all the same: what is not held here is released soon. */
  reconcile(): void {
    this.#failedAt = monotonicSeconds();
  }

  /** Looks in so many milliseconds, or in a second. */
  lookIn(milliseconds: number): void {
    if (!this.#isOn) return;
    const now = monotonicSeconds() * 1000;
    const at = now + Math.min(Math.max(milliseconds, SHORTEST_LOOK_MS), LOOK_MS);
    if (at >= this.#lookAt) return;
    this.#lookAt = at;
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(() => void this.#look(), at - now);
  }

  async #look(): Promise<void> {
    this.#lookAt = Number.POSITIVE_INFINITY;
    // The one under way plans the next.
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      // Registered before it holds anything: so the others know that there is somebody to tell of work.
      const owner = await this.#work.owner();
      if (!this.#isOn) return;
      const outlook = await this.#store.look(this.#work.openNames, owner);
      if (!this.#isOn) return;
      this.#work.see(outlook);
      await this.#judge(outlook);
      if (this.#failedAt !== undefined) await this.#renewAfterFailure(this.#failedAt);
      this.lookIn(outlook.nextDueInMs ?? LOOK_MS);
    } catch (error) {
      this.#outage.failed(error);
    } finally {
      this.#isLooking = false;
      this.lookIn(LOOK_MS);
    }
  }

  async #judge({ now, owners }: Outlook): Promise<void> {
    const setBackBy = this.#clock.setBackBy(now);
    if (setBackBy !== undefined) await this.#store.clockSetBack(Math.ceil(setBackBy));
    const dead = this.#owners.dead(owners);
    for (const owner of dead) await this.#store.takeOver(owner);
    if (dead.length > 0 || setBackBy !== undefined) this.#work.wake(null);
  }

  async #renewAfterFailure(failedAt: number): Promise<void> {
    const now = monotonicSeconds();
    const hasRenewed = await this.#renew();
    if (hasRenewed && failedAt === this.#failedAt && now - failedAt > UNCERTAIN_SECONDS)
      this.#failedAt = undefined;
  }

  /** Returns whether the store was told. */
  async #renew(): Promise<boolean> {
    try {
      const owner = await this.#work.owner();
      if (!this.#isOn) return true;
      const held = Array.from(this.#work.receivers.values()).flatMap((runs) => runs.held);
      const lost = await this.#store.renew(owner, held, this.#work.settledBefore);
      if (lost === null) this.#work.loseOwner();
      else for (const runs of this.#work.receivers.values()) runs.lose(lost);
      return true;
    } catch (error) {
      this.#outage.failed(error);
      return false;
    }
  }
}

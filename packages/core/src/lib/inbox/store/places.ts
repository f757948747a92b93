/** Places for runs in this process, shared by its receivers. */
export class Places {
  readonly #concurrency: number;
  /** Runs of each receiver that is open, the one that was served longest ago first. */
  readonly #taken = new Map<string, number>();
  #all = 0;
  /** Whether one message runs alone, or waits for that. */
  #alone: "no" | "awaited" | "running" = "no";

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  open(receiver: string): void {
    this.#taken.set(receiver, this.#taken.get(receiver) ?? 0);
  }

  /** Its runs that go on keep their places. */
  close(receiver: string): void {
    if (this.#taken.get(receiver) === 0) this.#taken.delete(receiver);
  }

  /** How many more runs of this receiver could begin. The last place is kept for a receiver that has none. */
  roomFor(receiver: string): number {
    if (this.#alone !== "no") return 0;
    const free = this.#concurrency - this.#all;
    if (free <= 0) return 0;
    const othersWait = Array.from(this.#taken).some(([name, taken]) => name !== receiver && taken === 0);
    if (!othersWait || this.#concurrency === 1) return free;
    return Math.max(free - 1, this.#taken.get(receiver) === 0 ? 1 : 0);
  }

  take(receiver: string, count = 1): void {
    const taken = this.#taken.get(receiver) ?? 0;
    this.#taken.delete(receiver);
    this.#taken.set(receiver, taken + count);
    this.#all += count;
  }

  release(receiver: string, count = 1): void {
    this.#taken.set(receiver, (this.#taken.get(receiver) ?? 0) - count);
    this.#all -= count;
    if (this.#alone === "running" && this.#all === 0) this.#alone = "no";
  }

  /** Divides what is free among receivers that have work, and takes it for them. */
  divide(receivers: readonly string[]): { receiver: string; limit: number }[] {
    const waiting = Array.from(this.#taken.keys()).filter((name) => receivers.includes(name));
    const shares: { receiver: string; limit: number }[] = [];
    waiting.forEach((receiver, index) => {
      const limit = Math.ceil(this.roomFor(receiver) / (waiting.length - index));
      if (limit <= 0) return;
      this.take(receiver, limit);
      shares.push({ receiver, limit });
    });
    return shares;
  }

  /** Lets nothing begin until all runs have ended and one message has run alone. */
  awaitAlone(): void {
    if (this.#alone === "no") this.#alone = "awaited";
  }

  /** Takes the place of the one message, if all others have ended. */
  takeAlone(receiver: string): boolean {
    if (this.#alone !== "awaited" || this.#all > 0) return false;
    this.#alone = "running";
    this.take(receiver);
    return true;
  }

  /** Nobody needs to run alone any more. */
  forgetAlone(): void {
    if (this.#alone === "awaited") this.#alone = "no";
  }
}

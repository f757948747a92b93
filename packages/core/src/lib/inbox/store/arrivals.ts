import { WebhookError } from "../../errors.ts";
import { withinSeconds } from "../../time-limit.ts";
import { nextTurn } from "../../timers.ts";
import type { Acceptance, AcceptedMessage } from "../inbox.ts";
import { toStored } from "./convert.ts";
import type { Arrival, Lease, MessageStore, Stored } from "./message-store.ts";

/** The receiver gives up after 8 s: before it, so that our error says why. */
const ACCEPT_SECONDS = 7.8;
/** What goes into one transaction. */
const MAX_MESSAGES = 500;
const MAX_BYTES = 8 * 1_048_576;

interface Waiting {
  readonly message: AcceptedMessage;
  readonly invalid: string | null;
  resolve(found: Acceptance): void;
  reject(error: unknown): void;
  /** Nobody waits any more: the sender has been told to retry. */
  isLate: boolean;
  /** Others of the same id that came together with it. */
  readonly copies: Waiting[];
}

/** What arrivals need of the work that follows. */
export interface Work {
  /** Takes a place for a message, where one is free and none waits already. */
  takePlace(receiver: string): boolean;
  /** The lease of a batch that has messages with a place. */
  lease(): Promise<Lease>;
  /** A message was stored as running. */
  started(seq: number, lease: Lease, message: AcceptedMessage): void;
  /** A message was stored, or is known: its place is free. */
  releasePlace(receiver: string): void;
  /** A message was stored as pending. */
  waits(seq: number, message: AcceptedMessage): void;
  /** A batch has been answered. */
  over(lease: Lease): void;
  /** A batch has failed, and may have been stored all the same. */
  failed(lease: Lease): void;
}

/** Stores messages that come together in one transaction; while it is under way, those that follow gather for the next. */
export class Arrivals {
  readonly #store: MessageStore;
  readonly #work: Work;
  #waiting: Waiting[] = [];
  #storing: Promise<void> | undefined;

  constructor(store: MessageStore, work: Work) {
    this.#store = store;
    this.#work = work;
  }

  /** @throws WebhookError `inbox_unavailable` */
  async accept(message: AcceptedMessage, invalid: string | null): Promise<Acceptance> {
    let waiting: Waiting | undefined;
    const stored = new Promise<Acceptance>((resolve, reject) => {
      waiting = { message, invalid, resolve, reject, isLate: false, copies: [] };
      this.#waiting.push(waiting);
    });
    this.#storing ??= this.#storeAll();
    try {
      return await withinSeconds(
        stored,
        ACCEPT_SECONDS,
        () =>
          new WebhookError("inbox_unavailable", `The message was not stored within ${ACCEPT_SECONDS} s.`, {
            hint: "The inbox's engine is slower than the load, or hangs. The sender will retry.",
          }),
      );
    } catch (error) {
      if (waiting) waiting.isLate = true;
      // So that nothing piles up while the engine hangs.
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      throw error;
    }
  }

  /** Resolves when nothing is under way. */
  async drained(): Promise<void> {
    await this.#storing;
  }

  async #storeAll(): Promise<void> {
    // Not at once: what else comes in this turn of the event loop goes along.
    await new Promise<void>(nextTurn);
    while (this.#waiting.length > 0) await this.#storeSome(this.#takeBatch());
    this.#storing = undefined;
  }

  async #storeSome(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    const places = batch.map(({ message, invalid }) =>
      invalid === null ? this.#work.takePlace(message.receiver) : false,
    );
    let lease: Lease | null = null;
    try {
      if (places.includes(true)) lease = await this.#work.lease();
      const arrivals = batch.map(({ message, invalid }, index): Arrival => ({
        ...toStored(message),
        start: places[index] ?? false,
        invalid,
      }));
      const answers = await this.#store.accept(arrivals, lease);
      batch.forEach((one, index) => this.#stored(one, answers[index], places[index] ?? false, lease));
      if (lease) this.#work.over(lease);
    } catch (error) {
      if (lease) this.#work.failed(lease);
      batch.forEach(({ message, reject, copies }, index) => {
        if (places[index]) this.#work.releasePlace(message.receiver);
        for (const fail of [reject, ...copies.map((copy) => copy.reject)]) fail(error);
      });
    }
  }

  #stored(waiting: Waiting, stored: Stored | undefined, hasPlace: boolean, lease: Lease | null): void {
    const { message, resolve, copies } = waiting;
    const { duplicate = true, started = false, seq = 0, sameBody = null } = stored ?? {};
    if (started && lease) this.#work.started(seq, lease, message);
    else {
      if (hasPlace) this.#work.releasePlace(message.receiver);
      if (!duplicate && waiting.invalid === null) this.#work.waits(seq, message);
    }
    resolve(duplicate ? { duplicate, ...(sameBody !== null && { sameBody }) } : { duplicate });
    for (const copy of copies) copy.resolve({ duplicate: true, sameBody: isSame(copy.message, message) });
  }

  /** One of each id. */
  #takeBatch(): Waiting[] {
    const batch = new Map<string, Waiting>();
    let bytes = 0;
    let taken = 0;
    for (const waiting of this.#waiting) {
      const { receiver, messageId, rawBody } = waiting.message;
      if (taken > 0 && (taken >= MAX_MESSAGES || bytes + rawBody.length > MAX_BYTES)) break;
      taken += 1;
      if (waiting.isLate) continue;
      const key = `${messageId} ${receiver}`;
      const first = batch.get(key);
      if (first) first.copies.push(waiting);
      else {
        batch.set(key, waiting);
        bytes += rawBody.length;
      }
    }
    this.#waiting = this.#waiting.slice(taken);
    return [...batch.values()];
  }
}

function isSame({ rawBody: one }: AcceptedMessage, { rawBody: other }: AcceptedMessage): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

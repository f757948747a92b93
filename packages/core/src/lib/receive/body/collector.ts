import { WebhookError } from "../../errors.ts";

/** Bytes of bodies that are not verified yet, all deliveries of a receiver together. */
export class HeldBytes {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @throws WebhookError `receiver_busy` */
  add(bytes: number): void {
    if (this.#held + bytes > this.#max) {
      throw new WebhookError("receiver_busy", `Bodies in flight hold ${this.#max} bytes already.`, {
        hint: "Someone may be flooding this endpoint, or large bodies wait for a slow signingSecret function. See maxUnverifiedBytes.",
      });
    }
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** What reading a body may take. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutInSeconds: number;
  readonly held: HeldBytes;
}

/** Empty chunks count for nothing, but a stream that has no other ones must end too. */
const MAX_EMPTY_CHUNKS = 10_000;
const FIRST_BYTES = 4096;
const NOTHING = new Uint8Array();

/** Collects the chunks of a body into memory that grows with their bytes, not with their number. */
export class BodyCollector {
  readonly #limits: BodyLimits;
  /** The one chunk, as it came, or a buffer that holds all of them. */
  #bytes: Uint8Array = NOTHING;
  #length = 0;
  #empty = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** @throws WebhookError `body_too_large`, `receiver_busy` */
  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (chunk.length === 0) this.#empty += 1;
    const { maxBytes, held } = this.#limits;
    if (length > maxBytes || this.#empty > MAX_EMPTY_CHUNKS) throw bodyTooLarge(maxBytes);
    try {
      held.add(chunk.length);
    } catch (error) {
      // At once: other bodies that are being read would all be refused too, before the caller drops this one.
      this.drop();
      throw error;
    }
    if (this.#length === 0) this.#bytes = chunk;
    else this.#append(chunk, length);
    this.#length = length;
  }

  #append(chunk: Uint8Array, length: number): void {
    // The first chunk is somebody else's memory: never written to.
    const isOwn = this.#bytes.length > this.#length;
    if (!isOwn || length > this.#bytes.length) {
      // One more than is needed, so that it is told from a chunk by its length.
      const larger = new Uint8Array(Math.max(FIRST_BYTES, length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
  }

  /** All bytes. They stay held. */
  take(): Uint8Array {
    return this.#bytes.length === this.#length ? this.#bytes : this.#bytes.slice(0, this.#length);
  }

  /** Releases the collected bytes. */
  drop(): void {
    this.#limits.held.release(this.#length);
    this.#length = 0;
    this.#bytes = NOTHING;
  }
}

export function bodyTooLarge(maxBytes: number): WebhookError {
  return new WebhookError("body_too_large", `The body has more than ${maxBytes} bytes.`, {
    hint: "The sender's messages are at most about 350 kB. If yours are larger, raise maxBodyBytes.",
  });
}

export function bodyIncomplete(cause?: unknown): WebhookError {
  return new WebhookError("body_incomplete", "The client disconnected before the body was complete.", {
    cause,
  });
}

export function bodyTimeout({ timeoutInSeconds }: BodyLimits): WebhookError {
  return new WebhookError("body_timeout", `The body was not complete after ${timeoutInSeconds} s.`, {
    hint: "The sender sends the whole body at once: someone may be holding connections open, or a proxy is slow. See bodyTimeoutInSeconds.",
  });
}

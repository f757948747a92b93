import type { AcceptedMessage } from "../inbox.ts";

/** What a framework keeps of a request may be large: messages beyond these run without `context.platform`. */
const MAX_KEPT = 1000;

/** Messages accepted here that wait for a run here, with what the store does not keep of them. */
export class KeptMessages {
  readonly #bySeq = new Map<number, AcceptedMessage>();

  keep(seq: number, message: AcceptedMessage): void {
    this.#bySeq.set(seq, message);
    if (this.#bySeq.size <= MAX_KEPT) return;
    for (const oldest of this.#bySeq.keys()) {
      this.#bySeq.delete(oldest);
      return;
    }
  }

  take(seq: number): AcceptedMessage | undefined {
    const message = this.#bySeq.get(seq);
    this.#bySeq.delete(seq);
    return message;
  }
}

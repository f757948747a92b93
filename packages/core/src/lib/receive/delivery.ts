import type { HeadersInput } from "../verify/headers.ts";
import type { BodySource } from "./body/body.ts";

/** One HTTP request, as an adapter passes it. */
export interface Delivery {
  /** The HTTP method. */
  readonly method: string;
  /** A plain object, a `Headers`, or a function from a lower-case name to the value. */
  readonly headers: HeadersInput;
  /** The raw body, or a function that returns it; called once the headers have passed the checks. */
  readonly body: BodySource;
  /** How to fix it where somebody has read the body before, in the words of the framework. */
  readonly bodyHint?: string | undefined;
  /**
   * Resolves when the reply has left, so that no callback delays it. Without it, callbacks start one turn of the
   * event loop after `receive` has returned the reply.
   */
  readonly replied?: PromiseLike<unknown> | undefined;
  /** Keeps the platform alive until the runs of this delivery are over, if it supports that. */
  readonly waitUntil?: ((runs: Promise<unknown>) => void) | undefined;
}

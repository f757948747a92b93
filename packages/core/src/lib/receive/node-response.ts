import { type Deadline, after, monotonicSeconds, nextTurn } from "../timers.ts";

/** What is needed of a Node response (a `ServerResponse`), without Node's types. Mocks may lack all but `on`. */
export interface NodeResponse {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly writableEnded?: boolean;
  readonly writableFinished?: boolean;
  readonly socket?: object | null;
  readonly req?: { readonly httpVersionMajor?: number };
  on(event: "close" | "finish", listener: () => void): unknown;
}

/** How long to wait after `end()` if the host emits neither `finish` nor `close`. */
const GRACE_SECONDS = 1;
/** How long to wait for `end()` itself: the sender has timed out by then. */
const MAX_SECONDS = 30;
const LOOK_SECONDS = 0.1;

/**
 * Resolves when a Node response has been sent or its client has disconnected: the `replied` of a delivery on servers
 * built on Node's. It always resolves: several serverless wrappers and mocks emit `finish` but not `close`, or neither,
 * and then it resolves a second after `end()`.
 */
export function untilSent(response: NodeResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.closed || response.writableFinished) {
      resolve();
      return;
    }
    if (closesForCertain(response)) {
      response.on("close", resolve);
      return;
    }
    const fallback = new Fallback(response, resolve);
    response.on("close", () => {
      fallback.cancel();
      resolve();
    });
    response.on("finish", () => {
      fallback.cancel();
      // A turn later: HTTP/2 has not written its frames yet.
      if (response.req?.httpVersionMajor === 2) nextTurn(resolve);
      else resolve();
    });
  });
}

const IS_NODE = !("Bun" in globalThis) && !("Deno" in globalThis);

/**
 * Whether it is the response of a server of Node's own, over HTTP/1: its socket knows the server, and `close` follows `finish`
 * in the same turn. A listener less for each delivery.
 */
function closesForCertain({ socket, req }: NodeResponse): boolean {
  return IS_NODE && req?.httpVersionMajor === 1 && Boolean(socket && "server" in socket && socket.server);
}

/** Looks every now and then whether a response is over, for hosts that do not say so. */
class Fallback {
  readonly #response: NodeResponse;
  readonly #resolve: () => void;
  readonly #started: number = monotonicSeconds();
  #endedAt: number | undefined;
  #deadline: Deadline;

  constructor(response: NodeResponse, resolve: () => void) {
    this.#response = response;
    this.#resolve = resolve;
    this.#deadline = after(LOOK_SECONDS, () => this.#look());
  }

  cancel(): void {
    this.#deadline.cancel();
  }

  #look(): void {
    const now = monotonicSeconds();
    if (this.#response.writableEnded !== false || this.#response.destroyed) this.#endedAt ??= now;
    const isOver = this.#endedAt !== undefined && now - this.#endedAt >= GRACE_SECONDS;
    if (isOver || now - this.#started >= MAX_SECONDS) this.#resolve();
    else this.#deadline = after(LOOK_SECONDS, () => this.#look());
  }
}

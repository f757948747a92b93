import { clearTimeout, monotonicSeconds, nextTurn, setTimeout } from "../timers.ts";

/** What is needed of a Node response (a `ServerResponse`), without Node's types. Mocks may lack all but `on`. */
export interface NodeResponse {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly writableEnded?: boolean;
  readonly writableFinished?: boolean;
  on(event: "close" | "finish", listener: () => void): unknown;
}

/** How long to wait after `end()` if the host emits neither `finish` nor `close`. */
const GRACE_SECONDS = 1;
/** How long to wait for `end()` itself: the sender has timed out by then. */
const MAX_SECONDS = 30;
const LOOK_MS = 100;

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
    const started = monotonicSeconds();
    let endedAt: number | undefined;
    let timer = setTimeout(look, LOOK_MS);
    response.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    // A turn later: HTTP/2 has not written its frames yet, nor has a wrapper seen that the response is over.
    response.on("finish", () => {
      clearTimeout(timer);
      nextTurn(resolve);
    });

    function look(): void {
      const now = monotonicSeconds();
      if (response.writableEnded !== false || response.destroyed) endedAt ??= now;
      if ((endedAt !== undefined && now - endedAt >= GRACE_SECONDS) || now - started >= MAX_SECONDS)
        resolve();
      else timer = setTimeout(look, LOOK_MS);
    }
  });
}

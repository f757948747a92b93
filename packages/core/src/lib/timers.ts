/**
 * The runtime's own timers and monotonic clock, taken when this module is first imported. Fake timers that a test
 * installs later hold up no delivery and no run.
 */
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout;
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout;
export const setInterval: typeof globalThis.setInterval = globalThis.setInterval;
export const clearInterval: typeof globalThis.clearInterval = globalThis.clearInterval;

const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };

/** Seconds since some fixed moment, by a clock that is never set. */
export const monotonicSeconds: () => number = secondsOf(performance);

function secondsOf(clock: typeof globalThis.performance): () => number {
  const now = clock.now.bind(clock);
  return () => now() / 1000;
}

/** Calls back in a later turn of the event loop, when what was written in this one has left. */
export function nextTurn(callback: () => void): void {
  if (setImmediate) setImmediate(callback);
  else setTimeout(callback, 0);
}

/** What {@link after} returns: `cancel` stops the call. */
export interface Deadline {
  cancel(): void;
}

const TICK_MS = 100;
/** There a timer belongs to the request that made it, and ends with it. */
const HAS_OWN_TIMERS =
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent === "Cloudflare-Workers";

/** A call that waits in the set of all of them. */
class Waiting implements Deadline {
  readonly at: number;
  readonly callback: () => void;

  constructor(at: number, callback: () => void) {
    this.at = at;
    this.callback = callback;
  }

  cancel(): void {
    waiting.delete(this);
  }
}

const waiting = new Set<Waiting>();
let ticking: ReturnType<typeof globalThis.setInterval> | undefined;

/**
 * Calls back after some seconds, a tenth of one more at most. One timer serves all calls: most deadlines are cancelled
 * within a millisecond, and a timer for each costs several times as much.
 */
export function after(seconds: number, callback: () => void): Deadline {
  if (HAS_OWN_TIMERS) {
    const timer = setTimeout(callback, seconds * 1000);
    return { cancel: () => clearTimeout(timer) };
  }
  const deadline = new Waiting(monotonicSeconds() + seconds, callback);
  waiting.add(deadline);
  ticking ??= setInterval(tick, TICK_MS);
  return deadline;
}

function tick(): void {
  const now = monotonicSeconds();
  for (const deadline of waiting) {
    if (deadline.at > now) continue;
    waiting.delete(deadline);
    deadline.callback();
  }
  if (waiting.size > 0) return;
  clearInterval(ticking);
  ticking = undefined;
}

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

/** A call that waits in the list of all of them. */
class Waiting implements Deadline {
  /** Unknown until the first tick after it was made: that spares each delivery two looks at the clock. */
  at: number | undefined;
  before: Waiting | undefined;
  next: Waiting | undefined;
  readonly seconds: number;
  readonly callback: () => void;

  constructor(seconds: number, callback: () => void) {
    this.at = undefined;
    this.before = undefined;
    this.next = first;
    this.seconds = seconds;
    this.callback = callback;
  }

  cancel(): void {
    if (this.before) this.before.next = this.next;
    else if (first === this) first = this.next;
    if (this.next) this.next.before = this.before;
    this.before = undefined;
    this.next = undefined;
  }
}

let first: Waiting | undefined;
let ticking: ReturnType<typeof globalThis.setInterval> | undefined;

/**
 * Calls back after some seconds, two tenths of one more at most. One timer serves all calls: most deadlines are
 * cancelled within a millisecond, and a timer for each costs several times as much.
 */
export function after(seconds: number, callback: () => void): Deadline {
  if (HAS_OWN_TIMERS) {
    const timer = setTimeout(callback, seconds * 1000);
    return { cancel: () => clearTimeout(timer) };
  }
  ticking ??= setInterval(tick, TICK_MS);
  const waiting = new Waiting(seconds, callback);
  if (first) first.before = waiting;
  first = waiting;
  return waiting;
}

function tick(): void {
  const now = monotonicSeconds();
  const due: Waiting[] = [];
  for (let waiting = first; waiting; waiting = waiting.next) {
    waiting.at ??= now + waiting.seconds;
    if (waiting.at <= now) due.push(waiting);
  }
  for (const waiting of due) {
    waiting.cancel();
    waiting.callback();
  }
  if (first) return;
  clearInterval(ticking);
  ticking = undefined;
}

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

/**
 * In place of core's `timers.ts`, for tests that move the clock: the globals as they are at each call.
 *
 *     vi.mock("../src/lib/timers.ts", () => import("@diffio-webhooks/test-support/fakeable-timers"));
 */
type Timer = ReturnType<typeof globalThis.setTimeout>;

export const setTimeout = (callback: () => void, delayInMs: number): Timer =>
  globalThis.setTimeout(callback, delayInMs);
export const clearTimeout = (timer: Timer | undefined): void => globalThis.clearTimeout(timer);
export const setInterval = (callback: () => void, delayInMs: number): Timer =>
  globalThis.setInterval(callback, delayInMs);
export const clearInterval = (timer: Timer | undefined): void => globalThis.clearInterval(timer);
export const monotonicSeconds = (): number => performance.now() / 1000;
export const nextTurn = (callback: () => void): void => void globalThis.setTimeout(callback, 0);
export const after = (seconds: number, callback: () => void): { cancel(): void } => {
  const timer = globalThis.setTimeout(callback, seconds * 1000);
  return { cancel: () => globalThis.clearTimeout(timer) };
};

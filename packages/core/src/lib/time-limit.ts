import { clearTimeout, setTimeout } from "./timers.ts";

/**
 * Waits for a promise, but not for ever. The promise itself goes on; what it comes to later is not looked at.
 *
 * @param makeError called when the time is over: the error to reject with.
 */
export async function withinSeconds<Value>(
  promise: PromiseLike<Value>,
  seconds: number,
  makeError: () => Error,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(makeError()), seconds * 1000);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

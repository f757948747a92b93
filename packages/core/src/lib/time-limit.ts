import { clearTimeout, setTimeout } from "./timers.ts";

/**
 * Waits for a promise, up to a time limit. The promise itself goes on; how it settles later is ignored.
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

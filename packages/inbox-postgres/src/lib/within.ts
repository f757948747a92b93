import { clearTimeout, setTimeout } from "@diffio-webhooks/core/inbox";
/**
 * Waits for a promise, but not for ever.
 *
 * @param late is handed what the promise comes to when nobody waits for it any more.
 */
export function within<Value>(
  promise: Promise<Value>,
  seconds: number,
  what: string,
  late: (value: Value) => void = () => {},
): Promise<Value> {
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(new Error(`${what} within ${seconds} s.`));
    }, seconds * 1000);
    promise.then(
      (value) => {
        clearTimeout(timer);
        if (over) late(value);
        else resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

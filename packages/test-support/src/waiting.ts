/** What a promise comes to, or "pending" where it does not settle soon. */
export function settledSoon(promise: Promise<unknown>): Promise<"settled" | "pending"> {
  return Promise.race([
    promise.then(() => "settled" as const),
    new Promise<"pending">((resolve) => {
      setTimeout(() => resolve("pending"), 2000);
    }),
  ]);
}

/** Waits a moment. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** How long there must have been no trouble for the next to be told. */
const QUIET_MS = 60_000;

/** Makes what tells of trouble with the engine: its beginning, not each of the many tries that fail while it lasts. */
export function createOutageReport(): (error: unknown) => void {
  let last = -Infinity;
  return (error) => {
    const now = performance.now();
    if (now - last > QUIET_MS) {
      console.error(
        "[diffio-webhooks] PostgreSQL cannot be used: deliveries are answered 503, and runs wait, until it can be.",
        error,
      );
    }
    last = now;
  };
}

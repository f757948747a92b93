import { errorText, monotonicSeconds } from "@diffio-webhooks/core/inbox";

/** How long there must have been no trouble for the next to be told. */
const QUIET_MS = 60_000;

/** Makes what tells of trouble with the engine: its beginning, not each of the many tries that fail while it lasts. */
export function createOutageReport(): (error: unknown) => void {
  let last = -Infinity;
  return (error) => {
    const now = monotonicSeconds() * 1000;
    if (now - last > QUIET_MS) {
      // Its text only: the driver's errors hold the connection, and all that is in it.
      console.error(
        `[diffio-webhooks] PostgreSQL failed the inbox, which goes on trying; meanwhile runs wait. ${errorText(error)}`,
      );
    }
    last = now;
  };
}

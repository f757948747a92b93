import type { ExistingPool, ExistingPoolClient } from "./pool-types.ts";

/**
 * Listens for connections that break while nobody uses them: their pool makes others, but an event that nobody hears
 * would end the process. One may break at the very moment in which it is handed out, too, before its new user can
 * listen: so each gets a listener of its own as soon as it is there.
 *
 * @returns what undoes it.
 */
export function guardPool(pool: Pick<ExistingPool, "on" | "off">): () => void {
  pool.on("error", ignore);
  pool.on("connect", guardClient);
  return () => {
    pool.off("error", ignore);
    pool.off("connect", guardClient);
  };
}

/** Hears what need not be acted upon. */
export function ignore(): void {}

function guardClient(client: ExistingPoolClient): void {
  client.on("error", ignore);
}

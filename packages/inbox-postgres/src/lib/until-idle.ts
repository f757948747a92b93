import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import { toStored } from "./text.ts";

const LOOK_MS = 50;

/** Resolves when no message of a receiver is pending or running, in any process; or when the receiver is closed. */
export async function untilIdle(
  connection: Connection,
  receiver: string,
  isOpen: () => boolean,
): Promise<void> {
  while (isOpen()) {
    try {
      const database = await connection.database();
      const [found] = await database.transaction(({ query }) => query(FIND_OPEN, [toStored(receiver)]));
      if (!found) return;
    } catch {
      // The engine is down: what was pending is pending still.
    }
    await sleep(LOOK_MS);
  }
}

const FIND_OPEN = `
  SELECT 1 FROM diffio_webhooks.messages
  WHERE state IN ('pending', 'replayed', 'running') AND receiver = $1
  LIMIT 1`;

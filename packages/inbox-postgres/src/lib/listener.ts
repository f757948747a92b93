import { clearTimeout, setTimeout } from "@diffio-webhooks/core/inbox";
import pg from "pg";
import type { ExistingPool } from "./pool-types.ts";
import { fromStored } from "./text.ts";

/** Where processes tell each other of messages that wait. */
export const CHANNEL = "diffio_webhooks";

const RETRY_MS = 5000;

/** Hears of messages that other processes have left. */
export interface Listener {
  close(): Promise<void>;
}

/**
 * Listens, on a connection of its own. Without one, or behind a pooler that passes connections on (PgBouncer in transaction
 * mode), messages are found by looking every second.
 */
export function createListener(pool: ExistingPool, onWork: (receiver: string | null) => void): Listener {
  const { options } = pool;
  let client: pg.Client | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOn = options !== undefined;

  async function listen(): Promise<void> {
    const opened = new pg.Client(options);
    client = opened;
    opened.on("error", () => {});
    opened.on("end", () => {
      if (isOn && client === opened) retry();
    });
    opened.on("notification", ({ payload }) => {
      onWork(payload === undefined || payload === "" ? null : fromStored(payload));
    });
    try {
      await opened.connect();
      const { rows } = await opened.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      const { processID } = opened as unknown as { processID: number };
      // A pooler has greeted us in place of the server: what we listen for would reach somebody else.
      if (rows[0]?.pid !== processID) return await stop();
      await opened.query(`LISTEN ${CHANNEL}`);
      // What came before it is found now.
      onWork(null);
    } catch {
      await opened.end().catch(() => {});
    }
  }

  function retry(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void listen(), RETRY_MS);
    timer.unref();
  }

  async function stop(): Promise<void> {
    isOn = false;
    clearTimeout(timer);
    await client?.end().catch(() => {});
  }

  if (isOn) void listen();
  return { close: stop };
}

import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Simulator } from "../simulator.ts";

/** A comment now and then, so that nothing on the way takes the connection for dead. */
const KEEP_ALIVE_MS = 15_000;

/** Streams changes as server-sent events named `change`, each a JSON object of ids; never a secret or a payload. */
export function streamChanges(c: Context, simulator: Simulator, signal: AbortSignal): Response {
  return streamSSE(c, async (stream) => {
    await new Promise<void>((resolve) => {
      const stop = simulator.onChange((change) => {
        void stream.writeSSE({ event: "change", data: JSON.stringify(change) });
      });
      const keepAlive = setInterval(() => void stream.write(": still here\n\n"), KEEP_ALIVE_MS);
      const end = (): void => {
        stop();
        clearInterval(keepAlive);
        signal.removeEventListener("abort", end);
        resolve();
      };
      stream.onAbort(end);
      signal.addEventListener("abort", end);
      // So that a client knows that from now on it misses nothing.
      void stream.writeSSE({ event: "ready", data: "{}" });
    });
  });
}

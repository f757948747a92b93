import type { Context } from "hono";
import { stream } from "hono/streaming";
import type { Recovery, RecoveryProgress } from "../recover.ts";

/**
 * Streams a recovery as lines of JSON: `{ done, total }` at the start and after each attempt, and at last
 * `{ total, succeeded, failed }`. What is refused at once is an error like any other.
 */
export async function streamRecovery(
  c: Context,
  start: (onProgress: (progress: RecoveryProgress) => void) => Promise<Recovery>,
): Promise<Response> {
  const early: object[] = [];
  let write = (line: object): unknown => early.push(line);
  let recovery: Promise<Recovery> | undefined;
  // A refusal comes before any progress.
  await new Promise<void>((resolve, reject) => {
    recovery = start((progress) => {
      write(progress);
      resolve();
    });
    recovery.catch(reject);
  });
  c.header("content-type", "application/x-ndjson");
  return stream(c, async (out) => {
    write = (line) => out.write(`${JSON.stringify(line)}\n`);
    for (const line of early) write(line);
    if (recovery) await write(await recovery);
  });
}

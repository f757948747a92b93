import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Miniflare } from "miniflare";
import { bundleContestants } from "./bundle.ts";
import type { ContestantId } from "./contestant-names.ts";
import type { RoundTimes } from "./rounds.ts";
import type { WorkerBatch } from "./run-in-worker.ts";
import { median } from "./statistics.ts";

/** What to time in workerd. */
export interface WorkerdPlan {
  readonly bytes: number;
  readonly contestants: readonly ContestantId[];
  /** How long one batch of one contestant takes, about. */
  readonly batchMs: number;
  readonly rounds: number;
}

/**
 * Times contestants in a real workerd, from outside: each batch is one request, and the time of empty requests of
 * the same round is taken off. (Inside, the clock stands still between two pieces of I/O.)
 */
export async function measureInWorkerd(plan: WorkerdPlan): Promise<{ version: string; times: RoundTimes }> {
  const { bytes, contestants, batchMs, rounds } = plan;
  const contents = await readFile(await bundleContestants("workerd"), "utf8");
  const miniflare = new Miniflare({
    workers: [
      {
        config: {
          name: "bench",
          compatibilityDate: "2026-01-01",
          manifest: { mainModule: "worker.mjs", modules: { "worker.mjs": { type: "esm", contents } } },
        },
      },
    ],
  });

  async function batchMillis(contestant: ContestantId, count: number): Promise<number> {
    const batch: WorkerBatch = { bytes, contestant, count };
    const start = performance.now();
    const response = await miniflare.dispatchFetch("http://bench/", {
      method: "POST",
      body: JSON.stringify(batch),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return performance.now() - start;
  }

  try {
    const counts = new Map<ContestantId, number>();
    for (const id of contestants) counts.set(id, await calibrate((count) => batchMillis(id, count), batchMs));
    const times = Object.fromEntries(contestants.map((id) => [id, [] as number[]]));
    for (let round = 0; round < rounds; round++) {
      const empty: number[] = [];
      for (const [id] of counts) empty.push(await batchMillis(id, 0), await batchMillis(id, 0));
      for (let turn = 0; turn < contestants.length; turn++) {
        const id = contestants[(turn + round) % contestants.length];
        const count = id && counts.get(id);
        if (!count) continue;
        times[id]?.push((((await batchMillis(id, count)) - median(empty)) * 1000) / count);
      }
    }
    return { version: workerdVersion(), times };
  } finally {
    await miniflare.dispose();
  }
}

/** Warms up, and finds how many messages fill a batch. */
async function calibrate(run: (count: number) => Promise<number>, batchMs: number): Promise<number> {
  // The first request prepares the messages and checks the contestant.
  await run(0);
  let count = 500;
  for (;;) {
    const millis = await run(count);
    if (millis >= batchMs) return Math.max(1, Math.round((count * batchMs) / millis));
    count = Math.ceil(count * Math.min(4, (1.1 * batchMs) / millis));
  }
}

/** workerd is a dependency of miniflare, and is asked for from there. */
function workerdVersion(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  const { version } = fromMiniflare("workerd/package.json") as { version: string };
  return version;
}

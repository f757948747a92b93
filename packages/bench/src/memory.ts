import { fileURLToPath } from "node:url";
import type { Progress } from "@diffio-webhooks/test-support/progress";
import type { MemoryResult, Results } from "./results.ts";
import { runOrThrow } from "./spawn.ts";
import { slope } from "./statistics.ts";

/** What memoryInbox remembers by default: from then on the oldest ids are forgotten. */
const FULL_PLAN = { deliveries: 1_000_000, every: 100_000, rememberedIds: 100_000 };
/** The same on a scale of one to ten, since a full inbox is what it is about. */
const QUICK_PLAN = { deliveries: 60_000, every: 5000, rememberedIds: 10_000 };

/** Sends deliveries through a receiver in a process of its own, and watches the heap once the inbox is full. */
export async function measureMemory(results: Results, progress: Progress): Promise<void> {
  const { deliveries, every, rememberedIds } = results.quick ? QUICK_PLAN : FULL_PLAN;
  progress.step(`memory: ${deliveries.toLocaleString("en")} deliveries`);
  const program = fileURLToPath(new URL("run-memory.ts", import.meta.url));
  const args = ["--expose-gc", program, ...[deliveries, every, rememberedIds].map(String)];
  const points = JSON.parse(await runOrThrow(process.execPath, args)) as MemoryResult["points"];
  const full = points.filter((point) => point.deliveries >= rememberedIds);
  results.memory = {
    deliveries,
    rememberedIds,
    points,
    bytesPerDelivery: slope(full.map((point) => ({ x: point.deliveries, y: point.heapBytes }))),
  };
}

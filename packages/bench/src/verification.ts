import { bundleContestants } from "./bundle.ts";
import { CONTESTANT_IDS, type ContestantId } from "./contestant-names.ts";
import type { Progress } from "@diffio-webhooks/test-support/progress";
import type { Results, VerificationResult } from "./results.ts";
import type { RoundTimes, RoundsPlan } from "./rounds.ts";
import { type ProcessRuntime, RUNTIME_IDS, findRuntime, runtimeName } from "./runtimes.ts";
import { runOrThrow } from "./spawn.ts";
import { measureInWorkerd } from "./workerd.ts";

/** The body sizes of the goals. */
export const BODY_BYTES = { small: 400, medium: 4096, large: 65_536, huge: 1_048_576 } as const;

/** One child process: one size, on one runtime. */
interface Case {
  readonly bytes: number;
  readonly contestants: readonly ContestantId[];
  readonly budgetMs: number;
  readonly wholeHeaders?: boolean;
}

/** Shorter than what a scheduler gives a process at once, so that most slices run undisturbed beside other work. */
const SLICE_MS = 2;

const { small, medium, large, huge } = BODY_BYTES;

/** What the goals need, and no more. */
const QUICK_CASES: readonly Case[] = [
  { bytes: small, contestants: ["ours-verify", "ours-event", "svix", "hash"], budgetMs: 2200 },
  { bytes: medium, contestants: ["ours-verify", "hash"], budgetMs: 800 },
  { bytes: large, contestants: ["ours-verify", "standardwebhooks-verify", "hash"], budgetMs: 1000 },
  { bytes: huge, contestants: ["ours-verify", "hash"], budgetMs: 1000 },
];
const FULL_CASES: readonly Case[] = [
  { bytes: small, contestants: CONTESTANT_IDS, budgetMs: 15_000 },
  { bytes: small, contestants: CONTESTANT_IDS, budgetMs: 10_000, wholeHeaders: true },
  { bytes: medium, contestants: CONTESTANT_IDS, budgetMs: 10_000 },
  { bytes: large, contestants: CONTESTANT_IDS, budgetMs: 10_000 },
  { bytes: huge, contestants: CONTESTANT_IDS, budgetMs: 20_000 },
];

/** The pair that the goals compare on every runtime. */
const PAIR: readonly ContestantId[] = ["ours-event", "svix"];
const QUICK_RUNTIMES = ["node-20", "bun", "deno", "workerd"] as const;

/** Times verification: all sizes on Node 24, the plain JavaScript backend there, and 400 B on the other runtimes. */
export async function measureVerification(results: Results, progress: Progress): Promise<void> {
  const { quick } = results;
  const node24 = await tryRuntime("node-24", results, progress);
  if (node24) {
    for (const each of quick ? QUICK_CASES : FULL_CASES) {
      progress.step(`verification on Node 24: bodies of ${each.bytes} B`);
      results.verification.push(await measureCase(node24, each));
    }
    progress.step("verification on Node 24: the plain JavaScript backend");
    const portable = { ...node24, target: "node-portable" } as const;
    const contestants: readonly ContestantId[] = ["ours-verify", "ours-event", "svix"];
    results.verification.push(
      await measureCase(portable, { bytes: small, contestants, budgetMs: quick ? 1000 : 8000 }),
    );
    if (!quick)
      results.verification.push(await measureCase(portable, { bytes: large, contestants, budgetMs: 6000 }));
  }
  for (const id of quick ? QUICK_RUNTIMES : RUNTIME_IDS.filter((other) => other !== "node-24")) {
    progress.step(`verification on ${runtimeName(id)}`);
    try {
      if (id === "workerd") {
        results.verification.push(await measureWorkerd(quick));
        continue;
      }
      const runtime = await tryRuntime(id, results, progress);
      const contestants = quick ? PAIR : CONTESTANT_IDS;
      const each: Case = { bytes: small, contestants, budgetMs: quick ? 1300 : 10_000 };
      if (runtime) results.verification.push(await measureCase(runtime, each));
    } catch (error) {
      // One runtime that fails does not spoil what the others show, but the run has failed.
      results.failures.push(`verification on ${runtimeName(id)}: ${messageOf(error)}`);
    }
  }
}

async function measureWorkerd(quick: boolean): Promise<VerificationResult> {
  // It has no one-shot hash.
  const contestants = quick ? PAIR : CONTESTANT_IDS.filter((id) => id !== "hash" && id !== "floor");
  const plan = { bytes: small, contestants, batchMs: quick ? 80 : 300, rounds: quick ? 11 : 25 };
  const { version, times } = await measureInWorkerd(plan);
  return { runtime: "workerd", version, backend: "portable", bytes: small, wholeHeaders: false, times };
}

async function tryRuntime(
  id: Exclude<(typeof RUNTIME_IDS)[number], "workerd">,
  results: Results,
  progress: Progress,
): Promise<ProcessRuntime | undefined> {
  try {
    // A quick run waits for one small download at most.
    return await findRuntime(id, results.quick ? (id === "node-20" ? 12_000 : 0) : 240_000);
  } catch (error) {
    results.notes.push(`${runtimeName(id)} is left out: ${messageOf(error)}`);
    progress.step(`${runtimeName(id)} is not there`);
    return undefined;
  }
}

async function measureCase(runtime: ProcessRuntime, each: Case): Promise<VerificationResult> {
  const { bytes, contestants, budgetMs, wholeHeaders = false } = each;
  const bundle = await bundleContestants(runtime.target);
  const plan: RoundsPlan = { bytes, wholeHeaders, contestants, sliceMs: SLICE_MS, budgetMs, minRounds: 9 };
  const printed = await runOrThrow(runtime.program, [...runtime.args, bundle, JSON.stringify(plan)]);
  return {
    runtime: runtime.id,
    version: runtime.version,
    backend: runtime.target === "node-portable" ? "portable" : "node:crypto",
    bytes,
    wholeHeaders,
    times: JSON.parse(printed) as RoundTimes,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

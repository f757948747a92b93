import { rm } from "node:fs/promises";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { measureAdapters } from "./adapters.ts";
import { measureConstantTime } from "./constant-time.ts";
import { measureImports } from "./import-time.ts";
import { measureInboxes } from "./inboxes.ts";
import { measureMemory } from "./memory.ts";
import { CACHE_DIR } from "./paths.ts";
import { createProgress } from "@diffio-webhooks/test-support/progress";
import { allMet, goalsText } from "./report.ts";
import { type Results, emptyResults } from "./results.ts";
import { measureSizes } from "./size.ts";
import { measureVerification } from "./verification.ts";
import { writeResults } from "./write-results.ts";

const HELP = `Measures speed and size beside the peers, and compares them with the goals.

  node packages/bench/src/main.ts [--quick] [--only <sections>]

  --quick   what the goals need, within a minute; writes no files
  --only    some sections, separated by commas: verification, adapters, sizes, imports, memory, constant-time,
            inboxes; writes no files
  --help    this text

The exit code is 0 when every measured goal is met, 1 when one is not, 2 when the benchmark itself fails.`;

/** The sections, in the order in which they run. */
const SECTIONS = {
  sizes: measureSizes,
  imports: measureImports,
  verification: measureVerification,
  adapters: measureAdapters,
  memory: measureMemory,
  "constant-time": measureConstantTime,
  inboxes: measureInboxes,
} as const;
type Section = keyof typeof SECTIONS;

/** A quick run measures what has a goal, */
const FULL_ONLY: readonly Section[] = ["constant-time", "inboxes"];
/** and keeps within its minute: on a slow machine the last section gives way. */
const QUICK_LIMIT_MS = 52_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { quick: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean" } },
  });
  const { quick = false, only, help = false } = values;
  if (help) {
    console.log(HELP);
    return 0;
  }
  const progress = createProgress();
  const results = emptyResults(quick);
  noteOtherWork(results);
  noteMissingInstructions(results);
  const start = performance.now();
  for (const section of sectionsOf(only)) {
    if (quick && only === undefined && FULL_ONLY.includes(section)) continue;
    if (quick && performance.now() - start > QUICK_LIMIT_MS) {
      results.notes.push(`${section} is left out: this machine is too slow for it within the minute.`);
      continue;
    }
    // eslint-disable-next-line no-await-in-loop -- measurements must not disturb each other
    await SECTIONS[section](results, progress);
  }
  progress.done();
  console.log(goalsText(results, { colour: wantsColour(), whole: only === undefined }));
  if (!quick && only === undefined) console.log(`\nWritten: ${(await writeResults(results)).join(", ")}`);
  return allMet(results) ? 0 : 1;
}

function sectionsOf(only: string | undefined): Section[] {
  const all = Object.keys(SECTIONS) as Section[];
  if (only === undefined) return all;
  const wanted = only.split(",");
  const unknown = wanted.find((name) => !all.some((section) => section === name));
  if (unknown !== undefined)
    throw new Error(`There is no section "${unknown}". The sections are ${all.join(", ")}.`);
  return all.filter((section) => wanted.includes(section));
}

/** Numbers from a busy machine are rough, and a reader should know. */
function noteOtherWork({ machine, notes }: Results): void {
  const [load = 0] = loadavg();
  if (load < machine.cores / 4) return;
  notes.push(
    `Other work was running (load ${load.toFixed(1)} on ${machine.cores} cores): the numbers are rough.`,
  );
}

/** Then the floor of whoever hashes natively rises, and JavaScript's stays. */
function noteMissingInstructions({ machine, notes }: Results): void {
  if (machine.sha !== false) return;
  notes.push(
    "This processor has no SHA instructions: native hashing takes several times as long, and with it most ratios to svix " +
      "and standardwebhooks, which hash in JavaScript, are lower (decisions/0006).",
  );
}

function wantsColour(): boolean {
  return process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
} finally {
  await rm(CACHE_DIR, { recursive: true, force: true });
}

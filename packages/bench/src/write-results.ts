import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chart } from "./chart.ts";
import { markdown } from "./markdown.ts";
import { BENCH_DIR } from "./paths.ts";
import { readGoals } from "./report.ts";
import type { Results } from "./results.ts";
import { summarize } from "./statistics.ts";

/** Writes results.json, RESULTS.md and the two charts; gives the names of the files. */
export async function writeResults(results: Results): Promise<string[]> {
  const files = {
    "results.json": `${JSON.stringify(summarized(results), undefined, 2)}\n`,
    "RESULTS.md": markdown(results),
    "chart-light.svg": chart(results, "light"),
    "chart-dark.svg": chart(results, "dark"),
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(BENCH_DIR, name), text)));
  return Object.keys(files);
}

/** The same with medians and quartiles in place of every single round, and the goals with what was read. */
function summarized(results: Results): unknown {
  const goals = readGoals(results).map(
    ({ goal: { id, what, direction, goal, stretch, unit }, reading, outcome }) => ({
      id,
      what,
      direction,
      goal,
      stretch,
      unit,
      reading: reading && rounded(reading),
      outcome,
    }),
  );
  const { quick: _quick, machine, ...measured } = results;
  const shortened: unknown = JSON.parse(JSON.stringify(measured), (key, value: unknown) =>
    isSamples(value) && key !== "notes" ? rounded(summarize(value)) : value,
  );
  return { machine, goals, ...(shortened as object) };
}

function isSamples(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "number");
}

function rounded(summary: object): object {
  return Object.fromEntries(
    Object.entries(summary).map(([key, value]) => [
      key,
      typeof value === "number" ? Number(value.toPrecision(4)) : value,
    ]),
  );
}

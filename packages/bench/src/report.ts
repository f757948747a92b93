import { styleText } from "node:util";
import { GOALS, type Goal, type Outcome, judge } from "./goals.ts";
import type { Results } from "./results.ts";
import type { Summary } from "./statistics.ts";

/** One goal with what was measured. */
export interface GoalLine {
  readonly goal: Goal;
  readonly reading: Summary | undefined;
  readonly outcome: Outcome;
}

/** Reads all goals from the results. */
export function readGoals(results: Results): GoalLine[] {
  return GOALS.map((goal) => {
    const reading = goal.read(results);
    return { goal, reading, outcome: judge(goal, reading) };
  });
}

/** A value with as many digits as say something. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** The columns of the goals' table, without any colour. */
export function goalCells({ goal, reading, outcome }: GoalLine): string[] {
  const sign = goal.direction === "at least" ? "≥" : "≤";
  const unit = goal.unit === "×" ? "×" : ` ${goal.unit}`;
  const spread =
    reading && reading.rounds > 1 ? `${formatNumber(reading.low)} to ${formatNumber(reading.high)}` : "";
  return [
    outcome,
    reading ? `${formatNumber(reading.median)}${unit}` : "–",
    spread,
    `${sign} ${goal.goal}${unit}`,
    goal.stretch === undefined ? "" : `${sign} ${goal.stretch}${unit}`,
    goal.what,
  ];
}

export const GOAL_HEADS = ["outcome", "value", "half of rounds", "goal", "stretch", "what"];

/** How {@link goalsText} shows the goals. */
interface TextOptions {
  readonly colour: boolean;
  /** With the goals that were not measured. */
  readonly whole: boolean;
}

/** The goals as text for a terminal, a line each, and a sentence that sums them up. */
export function goalsText(results: Results, { colour, whole }: TextOptions): string {
  const lines = readGoals(results).filter(
    ({ goal, outcome }) => outcome !== "not measured" || (whole && !(results.quick && goal.fullOnly)),
  );
  const rows = [GOAL_HEADS, ...lines.map(goalCells)];
  const widths = GOAL_HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const text = rows.map((row, index) => {
    const [first = "", ...rest] = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    const outcome = lines[index - 1]?.outcome;
    return [outcome && colour ? painted(first, outcome) : first, ...rest].join("  ").trimEnd();
  });
  return [
    ...text,
    "",
    ...results.notes.map((note) => `Note: ${note}`),
    ...results.failures.map((failure) => `Failed: ${failure}`),
    summaryOf(lines),
  ].join("\n");
}

/** Whether every goal that was measured is met, and nothing failed. */
export function allMet(results: Results): boolean {
  return results.failures.length === 0 && readGoals(results).every(({ outcome }) => outcome !== "not met");
}

function summaryOf(lines: readonly GoalLine[]): string {
  const count = (wanted: (outcome: Outcome) => boolean): number =>
    lines.filter(({ outcome }) => wanted(outcome)).length;
  const met = count((outcome) => outcome.startsWith("met"));
  const unmeasured = count((outcome) => outcome === "not measured");
  const notMet = count((outcome) => outcome === "not met");
  return `Goals: ${met} met, ${notMet} not met, ${unmeasured} not measured.`;
}

function painted(text: string, outcome: Outcome): string {
  if (outcome === "not measured") return styleText("dim", text, { validateStream: false });
  return styleText(outcome === "not met" ? "red" : "green", text, { validateStream: false });
}

import type { KillReport } from "./kill.ts";

/** A campaign's outcome, for people. */
export function killText(engine: string, report: KillReport): string {
  const { trials, trialsByPoint, acknowledged, acknowledgedBefore, withoutEffect, lost, cutOff } = report;
  const { repeated, unexplained, recoveriesInMs } = report;
  const points = Object.entries(trialsByPoint).map(([point, count]) => `${count} ${point}`);
  const lines = [
    `${engine}: ${trials} kills under load (${points.join("; ")})`,
    `  acknowledged               ${acknowledged}   (${acknowledgedBefore} of them before the kill, ${withoutEffect} without an effect yet)`,
    `  lost                       ${lost.length}`,
    `  runs cut off by a kill     ${cutOff}`,
    `  repeated, explained        ${repeated}   (killed after the effect, before it was committed as done)`,
    `  repeated, unexplained      ${unexplained.length}`,
    `  recovery after a restart   p50 ${quantile(recoveriesInMs, 0.5)} ms, p99 ${quantile(recoveriesInMs, 0.99)} ms (a lease is 1 s here)`,
  ];
  for (const id of lost.slice(0, 10)) lines.push(`    lost: ${id}`);
  for (const { messageId, killedAfterMs, wasDone } of unexplained.slice(0, 10)) {
    const kills = killedAfterMs.map((ms) => (ms === null ? "not at all" : `${ms} ms later`));
    const done = wasDone ? "; it was done" : "";
    lines.push(`    repeated: ${messageId}, whose process was killed ${kills.join(", ")}${done}`);
  }
  return lines.join("\n");
}

/** A quantile of sorted numbers, rounded. */
function quantile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
}

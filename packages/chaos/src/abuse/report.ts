import type { AbuseResult } from "./abuse.ts";

/** A campaign's outcome, for people. */
export function abuseText(results: readonly AbuseResult[]): string {
  const head = ["adapter", "attack", "replies", "seconds", "memory grew", "taken in"];
  const rows = results.map(({ adapter, attack, replies, seconds, grownMb, swallowedBytes }) => [
    adapter,
    attack,
    replies,
    seconds.toFixed(1),
    grownMb === undefined ? "–" : `${grownMb.toFixed(0)} MB`,
    swallowedBytes === undefined ? "–" : `${(swallowedBytes / 1_048_576).toFixed(0)} MB`,
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const problems = results.flatMap(({ adapter, attack, problems: found }) =>
    found.map((problem) => `✗ ${adapter}, ${attack}: ${problem}`),
  );
  return [
    ...lines,
    "",
    ...(problems.length > 0 ? problems : [`✓ All adapters held against all ${results.length} attacks.`]),
  ].join("\n");
}

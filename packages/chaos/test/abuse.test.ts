import { describe, expect, test } from "vitest";
import { abuse } from "../src/abuse/abuse.ts";
import { ATTACKS } from "../src/abuse/attacks.ts";

// The long form (`pnpm abuse`) attacks every adapter on every runtime.
describe.each(["express5", "fastify5", "honoNode"] as const)("%s", (adapter) => {
  test("holds against every attack", async () => {
    const results = await abuse({ adapters: [adapter], onAttack: () => {} });
    expect(results).toHaveLength(ATTACKS.length);
    expect(
      results.flatMap(({ attack, problems }) => problems.map((problem) => `${attack}: ${problem}`)),
    ).toEqual([]);
    // Resident memory can be read on Linux only.
    if (process.platform === "linux") {
      for (const { attack, grownMb } of results) expect(grownMb, attack).toBeTypeOf("number");
    }
  }, 120_000);
});

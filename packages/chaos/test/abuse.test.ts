import { join } from "node:path";
import { ADAPTERS, type Adapter } from "@diffio-webhooks/contract";
import { startChild } from "@diffio-webhooks/contract/child-server";
import { describe, expect, test } from "vitest";
import { abuse } from "../src/abuse/abuse.ts";
import { ATTACKS } from "../src/abuse/attacks.ts";

const onAttack = (): void => {};

// The long form (`pnpm abuse`) attacks every adapter on every runtime.
describe.each(["express5", "fastify5", "honoNode"] as const)("%s", (adapter) => {
  test("holds against every attack", async () => {
    const results = await abuse({ adapters: [ADAPTERS[adapter]], onAttack });
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

test("a receiver as it is often written does not hold: its memory grows, and it reads without end", async () => {
  const naive: Adapter = {
    name: "naive",
    endsConnections: true,
    sharesBody: true,
    start: () => startChild([process.execPath, join(import.meta.dirname, "support/naive-server.ts")]),
  };
  const attacks = ATTACKS.filter(({ name }) => /one-byte|refused by its headers/.test(name));
  const [chunks, endless] = await abuse({ adapters: [naive], attacks, onAttack });
  if (process.platform === "linux") expect(chunks?.problems.join()).toMatch(/its memory grew by \d+ MB/);
  expect(endless?.problems.join()).toMatch(/it took in over/);
}, 120_000);

import { hasStrace } from "@diffio-webhooks/test-support/missing-engines";
import { describe, expect, test } from "vitest";
import { losePower } from "../src/power/power.ts";

describe.skipIf(!hasStrace)("a loss of power", () => {
  test("takes nothing that SQLite's inbox had acknowledged", async () => {
    const report = await losePower({ messages: 120, bodyBytes: 3000, cuts: 60 });
    expect(report).toMatchObject({ acknowledged: 120, lost: [], damaged: [] });
    expect(report.cuts).toBeGreaterThan(20);
  }, 120_000);

  test("takes what an inbox had acknowledged too early", async () => {
    const { lost } = await losePower({ messages: 60, bodyBytes: 300, cuts: 60, isBroken: true });
    expect(lost.length).toBeGreaterThan(0);
  }, 120_000);
});

import { describe, expect, test } from "vitest";
import { mutants } from "@diffio-webhooks/contract/inboxes/mutants";
import { ENGINES } from "../src/engines.ts";
import { killCampaign } from "../src/kill.ts";
import { race } from "../src/race.ts";

const engines = Object.entries(ENGINES).filter(([, { missing }]) => missing === undefined);
const quiet = (): void => {};

describe("the short form of the campaigns", () => {
  for (const [name, engine] of engines) {
    test(`${name}: 20 copies of 30 ids at once on ${engine.durable ? 4 : 1} process(es): each runs once`, async () => {
      const processes = engine.durable ? 4 : 1;
      const report = await race({ engine, ids: 30, copies: 20, processes, onId: quiet });
      expect(report).toEqual({ refused: 0, wrong: [] });
    }, 120_000);
  }

  for (const [name, engine] of engines.filter(([, { durable }]) => durable)) {
    test(`${name}: 12 kills: nothing is lost, and nothing repeated without reason`, async () => {
      const report = await killCampaign({ engine, trials: 12, lanes: 2, onTrial: quiet });
      expect(report).toMatchObject({ trials: 12, acknowledged: 240, lost: [], unexplained: [] });
      if (name === "postgres-transactional") expect(report.repeated).toBe(0);
    }, 120_000);
  }

  for (const mutant of mutants) {
    test(`${mutant.name} is found out`, async () => {
      const report = await killCampaign({ engine: mutant, trials: 14, lanes: 2, onTrial: quiet });
      expect(report.lost.length + report.unexplained.length).toBeGreaterThan(0);
    }, 120_000);
  }

  test("the memory inbox is seen to lose what it had acknowledged", async () => {
    const { memory } = ENGINES;
    if (!memory) throw new Error("The memory inbox is not among the engines.");
    const report = await killCampaign({ engine: memory, trials: 6, lanes: 2, onTrial: quiet });
    expect(report.lost.length).toBeGreaterThan(0);
  }, 120_000);
});

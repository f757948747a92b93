import type { LedgerEntry } from "@diffio-webhooks/contract/inbox-service/ledger";
import { describe, expect, test } from "vitest";
import { judge } from "../src/verdict.ts";

const started = (messageId: string, pid: number, at = 0): LedgerEntry => ({
  what: "started",
  at,
  pid,
  receiver: "default",
  messageId,
  run: 1,
  timestamp: 0,
  secretName: null,
  hasPlatform: true,
  bodyHash: "",
});
const ended = (messageId: string, pid: number, at = 0): LedgerEntry => ({
  what: "ended",
  at,
  pid,
  messageId,
});

describe("a verdict", () => {
  test("an acknowledged message without an effect is lost, whether its run began or not", () => {
    const verdict = judge(new Set(["a", "b", "c"]), [started("a", 1), started("b", 1), ended("b", 1)], []);
    expect(verdict).toMatchObject({ acknowledged: 3, lost: ["a", "c"], cutOff: 1, repeated: 0 });
  });

  test("one that was not acknowledged cannot be lost", () => {
    expect(judge(new Set(), [started("a", 1)], [])).toMatchObject({ acknowledged: 0, lost: [] });
  });

  test("an effect that comes again is explained by a kill just after the first, and by nothing else", () => {
    const twice = [started("a", 1), ended("a", 1, 500), started("a", 2), ended("a", 2, 900)];
    // Other processes had the same number before and after it.
    const none = new Set<string>();
    const kills = [100, 1400, 60_000].map((at) => ({ pid: 1, at, done: none }));
    const explained = judge(new Set(["a"]), twice, kills);
    expect(explained).toMatchObject({ repeated: 1, unexplained: [], lost: [] });
    for (const [kill, after] of [
      [undefined, null],
      [{ pid: 2, at: 1400, done: none }, null],
      [{ pid: 1, at: 1600, done: none }, 1100],
    ] as const) {
      expect(judge(new Set(["a"]), twice, kill ? [kill] : [])).toMatchObject({
        repeated: 0,
        unexplained: [{ messageId: "a", killedAfterMs: [after] }],
      });
    }
  });

  test("what was committed as done when a kill came never runs again, however close the kill", () => {
    const twice = [started("a", 1), ended("a", 1, 500), started("a", 2), ended("a", 2, 900)];
    expect(judge(new Set(["a"]), twice, [{ pid: 1, at: 510, done: new Set(["a"]) }])).toMatchObject({
      repeated: 0,
      unexplained: [{ messageId: "a", killedAfterMs: [10], wasDone: true }],
    });
  });
});

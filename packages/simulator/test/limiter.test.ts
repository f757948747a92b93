import { expect, test } from "vitest";
import { createLimiter } from "../src/lib/limiter.ts";

test("runs so many tasks at once, the others in their order, and none that slips in between", async () => {
  const limit = createLimiter(2);
  const started: string[] = [];
  const finish: Record<string, () => void> = {};
  const run = (name: string): Promise<void> =>
    limit(() => {
      started.push(name);
      return new Promise((resolve) => {
        finish[name] = resolve;
      });
    });

  const runs = [run("a"), run("b"), run("c"), run("d")];
  expect(started).toEqual(["a", "b"]);
  finish["a"]?.();
  await runs[0];
  expect(started).toEqual(["a", "b", "c"]);
  // Two are running, so this one waits, and behind d.
  runs.push(run("e"));
  expect(started).toEqual(["a", "b", "c"]);
  finish["b"]?.();
  finish["c"]?.();
  await Promise.all([runs[1], runs[2]]);
  expect(started).toEqual(["a", "b", "c", "d", "e"]);
  finish["d"]?.();
  finish["e"]?.();
  await Promise.all(runs);
});

test("goes on after a task that failed", async () => {
  const limit = createLimiter(1);
  const failing = limit(() => Promise.reject(new Error("no")));
  const next = limit(() => Promise.resolve("yes"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("yes");
});

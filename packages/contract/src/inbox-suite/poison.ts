import { expect, test } from "vitest";
import type { InboxEngine } from "../inboxes.ts";
import { countsOf, deadLetterOf, deliverAll, idle, message, messages, ok, until } from "./driver.ts";

/** A message whose callback kills its process, each time. */
export function describePoison(engine: InboxEngine): void {
  test("a message that kills its process dies alone: those that ran beside it are done", async () => {
    const store = await engine.createStore();
    try {
      const poison = message("kills");
      const neighbours = messages(9, "takes:400");
      const options = { inbox: { maxRuns: 3, concurrency: 10, backoffInSeconds: 0.01 } };
      const first = await store.start(options);
      expect(await deliverAll(first, [...neighbours, poison])).toEqual(ok(10));
      await first.process?.exited;
      let crashes = 1;
      for (;;) {
        const service = await store.start(options);
        const over = await Promise.race([
          idle(service).then(
            () => "idle",
            () => "crash",
          ),
          service.process?.exited.then(() => "crash"),
        ]);
        if (over === "idle") {
          expect(await countsOf(service)).toMatchObject({ done: 9, dead: 1, pending: 0, running: 0 });
          expect(await deadLetterOf(service, poison)).toMatchObject({ runs: 3, reason: "run_interrupted" });
          break;
        }
        crashes += 1;
        expect(crashes).toBeLessThanOrEqual(6);
      }
      // Twice beside the others, and then alone, until its runs are exhausted.
      expect(crashes).toBe(5);
      const failures = (
        await until(
          () => store.ledger(),
          () => true,
        )
      ).filter(({ what }) => what === "failed");
      const final = failures.filter((entry) => "final" in entry && entry.final);
      expect(final.map(({ messageId }) => messageId)).toEqual([poison.messageId]);
    } finally {
      await store.remove();
    }
  }, 90_000);
}

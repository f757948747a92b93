import { describe, expect, test } from "vitest";
import { PAYLOAD_OF_THE_VENDORS_PAGE } from "../deliveries.ts";
import { type InboxEngine, type InboxStore, control } from "../inboxes.ts";
import { type Message, deadLetterOf, deliver, idle, message, untilStarted } from "./driver.ts";

/** `serialBy: "subject"`: an order for the messages about one generation, and none for the others. */
export function describeSerial(engine: InboxEngine): void {
  describe('serialBy: "subject"', () => {
    const about = (subject: string): Message => message(subject);
    const started = async (store: InboxStore): Promise<string[]> =>
      (await store.ledger()).filter(({ what }) => what === "started").map(({ messageId }) => messageId);

    test("messages about one subject run one at a time, in the order in which they came; others beside them", async () => {
      const store = await engine.createStore();
      try {
        const service = await store.start({ inbox: { serialBy: "subject" } });
        const [slow, quick] = ["takes:150", "takes:151"].map((plan) =>
          Array.from({ length: 6 }, () => about(plan)),
        );
        for (const [index, one] of (slow ?? []).entries()) {
          expect((await deliver(service, one)).status).toBe(200);
          expect((await deliver(service, quick?.[index] ?? one)).status).toBe(200);
        }
        await idle(service);
        const ledger = await store.ledger();
        for (const all of [slow ?? [], quick ?? []]) {
          const ids = all.map(({ messageId }) => messageId);
          const steps = ledger.filter(({ messageId }) => ids.includes(messageId));
          expect(steps.map(({ what, messageId }) => [what, messageId])).toEqual(
            ids.flatMap((id) => [
              ["started", id],
              ["ended", id],
            ]),
          );
        }
        // The two subjects did not wait for each other.
        const order = await started(store);
        expect(new Set(order.slice(0, 2))).toEqual(new Set([slow?.[0]?.messageId, quick?.[0]?.messageId]));
      } finally {
        await store.remove();
      }
    });

    test("one that waits for its retry holds those behind it; a dead one, or one that is removed, lets them go", async () => {
      const store = await engine.createStore();
      try {
        const service = await store.start({
          inbox: { serialBy: "subject", maxRuns: 2, backoffInSeconds: 0.6 },
        });
        const [first, second, third] = [about("fails:1"), about("fails:1"), about("fails:1")] as const;
        for (const one of [first, second, third]) expect((await deliver(service, one)).status).toBe(200);
        await untilStarted(store, first, 1);
        await control(service, "/remove-message", { id: second.messageId });
        await idle(service);
        expect(await started(store)).toEqual([
          first.messageId,
          first.messageId,
          third.messageId,
          third.messageId,
        ]);

        const [dead, next] = [about("fails:99"), about("fails:99")] as const;
        for (const one of [dead, next]) expect((await deliver(service, one)).status).toBe(200);
        await idle(service);
        expect((await started(store)).slice(4)).toEqual([
          dead.messageId,
          dead.messageId,
          next.messageId,
          next.messageId,
        ]);
        // All together again: still one after another.
        await control(service, "/replay-all");
        await idle(service);
        const again = (await started(store)).slice(8);
        expect(again).toEqual([dead.messageId, dead.messageId, next.messageId, next.messageId]);
        expect(await deadLetterOf(service, next)).toMatchObject({ runs: 2 });
      } finally {
        await store.remove();
      }
    });

    if (!engine.processes) return;
    test("several processes keep the order, and one that dies holds nobody for good", async () => {
      const store = await engine.createStore();
      try {
        const options = { inbox: { serialBy: "subject", backoffInSeconds: 0.05 } } as const;
        const [first, second] = await Promise.all([store.start(options), store.start(options)]);
        const all = Array.from({ length: 8 }, () => about("takes:60"));
        for (const [index, one] of all.entries())
          expect((await deliver(index % 2 ? first : second, one)).status).toBe(200);
        await idle(first);
        expect(await started(store)).toEqual(all.map(({ messageId }) => messageId));

        const [cut, behind] = [about("takes:5000"), about("takes:5000")] as const;
        for (const one of [cut, behind]) expect((await deliver(first, one)).status).toBe(200);
        await untilStarted(store, cut);
        for (const service of [first, second]) await service.process?.kill();
        const heir = await store.start({ ...options, handlerTimeoutInSeconds: 0.2 });
        await idle(heir);
        const ids = (await started(store)).slice(8);
        expect(ids.lastIndexOf(cut.messageId)).toBeLessThan(ids.indexOf(behind.messageId));
      } finally {
        await store.remove();
      }
    });

    test("what waited in an order is let go by a start without it", async () => {
      const store = await engine.createStore();
      try {
        const ordered = await store.start({ inbox: { serialBy: "subject", closeTimeoutInSeconds: 0.1 } });
        const body = JSON.stringify({ ...PAYLOAD_OF_THE_VENDORS_PAGE, generationId: "takes:60000" });
        for (let copy = 0; copy < 3; copy++)
          expect((await deliver(ordered, message("", body))).status).toBe(200);
        if (!engine.processes) return;
        await control(ordered, "/close");
        const free = await store.start({ handlerTimeoutInSeconds: 30 });
        expect(await control(free, "/counts")).toBeDefined();
        await untilAllStarted(store, 3);
        expect(new Set((await started(store)).slice(1)).size).toBe(3);
      } finally {
        await store.remove();
      }
    });

    async function untilAllStarted(store: InboxStore, count: number): Promise<void> {
      await expect
        .poll(async () => new Set((await started(store)).slice(1)).size, { timeout: 20_000 })
        .toBe(count);
    }
  });
}

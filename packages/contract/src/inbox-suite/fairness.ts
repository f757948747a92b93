import { expect, test } from "vitest";
import { type InboxEngine, control } from "../inboxes.ts";
import { deliver, idle, message, messages, ok, untilStarted } from "./driver.ts";

/** Receivers that share an inbox share its places. */
export function describeFairness(engine: InboxEngine): void {
  test.each([1, 2])("no receiver waits behind another's backlog (concurrency %i)", async (concurrency) => {
    const store = await engine.createStore();
    try {
      const service = await store.start({ receivers: ["busy", "quiet"], inbox: { concurrency } });
      const backlog = messages(200, "takes:50");
      const replies = await Promise.all(backlog.map((one) => deliver(service, one, { receiver: "busy" })));
      expect(replies.map(({ status }) => status)).toEqual(ok(200));
      const one = message();
      const deliveredAt = Date.now();
      expect((await deliver(service, one, { receiver: "quiet" })).status).toBe(200);
      await untilStarted(store, one);
      const started = (await store.ledger()).filter(({ what }) => what === "started");
      const place = started.findIndex(({ messageId }) => messageId === one.messageId);
      const before = started.slice(0, place).filter(({ at }) => at > deliveredAt);
      // Those that ran already may end, and as many may have been claimed.
      expect(before.length).toBeLessThanOrEqual(2 * concurrency + 1);
    } finally {
      await store.remove();
    }
  });

  test("a receiver whose callbacks hang leaves a place for the others", async () => {
    const store = await engine.createStore();
    try {
      const service = await store.start({ receivers: ["busy", "quiet"], inbox: { concurrency: 3 } });
      for (const one of messages(20, "takes:60000"))
        expect((await deliver(service, one, { receiver: "busy" })).status).toBe(200);
      const one = message();
      expect((await deliver(service, one, { receiver: "quiet" })).status).toBe(200);
      expect(await untilStarted(store, one)).toEqual([1]);
    } finally {
      await store.remove();
    }
  });

  test("a paused receiver starts nothing, the others go on, and nothing is lost", async () => {
    const store = await engine.createStore();
    try {
      const service = await store.start({ receivers: ["one", "other"] });
      await control(service, "/pause", { receiver: "one" });
      const [paused, free] = [message(), message()];
      expect((await deliver(service, paused, { receiver: "one" })).status).toBe(200);
      expect((await deliver(service, free, { receiver: "other" })).status).toBe(200);
      await untilStarted(store, free);
      await control(service, "/pause");
      const later = message();
      expect((await deliver(service, later, { receiver: "other" })).status).toBe(200);
      expect((await store.ledger()).filter(({ what }) => what === "started")).toHaveLength(1);
      await control(service, "/resume");
      await idle(service);
      const ran = (await store.ledger()).filter(({ what }) => what === "started");
      expect(ran.map(({ messageId }) => messageId).toSorted()).toEqual(
        [paused, free, later].map(({ messageId }) => messageId).toSorted(),
      );
    } finally {
      await store.remove();
    }
  });
}

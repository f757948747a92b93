import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type InboxEngine, type InboxStore, type RunningService, control } from "../inboxes.ts";
import { deliver, deliverAll, idle, ledgerOf, message, messages, ok, runsOf } from "./driver.ts";

/** Runs that fail, take long, or are many: what every inbox does. */
export function describeRetries(engine: InboxEngine): void {
  describe("a run", () => {
    let store: InboxStore;
    let service: RunningService;
    beforeAll(async () => {
      store = await engine.createStore();
      service = await store.start({ handlerTimeoutInSeconds: 0.4, inbox: { concurrency: 5 } });
    });
    afterAll(() => store.remove());

    test("that fails is followed by others, until one succeeds", async () => {
      const one = message("fails:2");
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      expect(await runsOf(store, one)).toEqual([1, 2, 3]);
      const { failed, ended } = await ledgerOf(store, one);
      expect(failed).toMatchObject([
        { run: 1, final: false },
        { run: 2, final: false },
      ]);
      expect(ended).toHaveLength(1);
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      expect(await runsOf(store, one)).toEqual([1, 2, 3]);
    });

    test("that fails for the last time is told to be final; a resend starts anew", async () => {
      const one = message("fails:99");
      for (const expected of [
        [1, 2, 3],
        [1, 2, 3, 1, 2, 3],
      ]) {
        expect((await deliver(service, one)).status).toBe(200);
        await idle(service);
        expect(await runsOf(store, one)).toEqual(expected);
      }
      expect((await ledgerOf(store, one)).failed.map(({ final }) => final)).toEqual([
        false,
        false,
        true,
        false,
        false,
        true,
      ]);
    });

    test("that takes too long has failed, and its signal is aborted", async () => {
      const one = message("hangs");
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      const { failed, aborted } = await ledgerOf(store, one);
      expect(failed.map(({ code, final }) => [code, final])).toEqual([
        ["handler_timeout", false],
        ["handler_timeout", false],
        ["handler_timeout", true],
      ]);
      expect(aborted).toHaveLength(3);
    });

    test("is one of at most so many at once", async () => {
      const many = messages(20, "takes:100");
      expect(await deliverAll(service, many)).toEqual(ok(20));
      await idle(service);
      let running = 0;
      let most = 0;
      const ids = new Set(many.map(({ messageId }) => messageId));
      for (const { what, messageId } of await store.ledger()) {
        if (!ids.has(messageId)) continue;
        if (what === "started") most = Math.max(most, ++running);
        if (what === "ended") running -= 1;
      }
      expect(running).toBe(0);
      expect(most).toBeGreaterThan(1);
      expect(most).toBeLessThanOrEqual(5);
    });

    test("waits for its backoff, and others run meanwhile", async () => {
      const patient = await engine.createStore();
      try {
        const delays = [1.2, 0.3];
        const waiting = await patient.start({ inbox: { backoffInSeconds: delays, concurrency: 1 } });
        const [one, other] = [message("fails:2"), message()];
        expect(await deliverAll(waiting, [one])).toEqual(ok(1));
        expect(await deliverAll(waiting, [other])).toEqual(ok(1));
        await idle(waiting);
        const { started, failed } = await ledgerOf(patient, one);
        expect(started.map(({ run }) => run)).toEqual([1, 2, 3]);
        delays.forEach((delay, index) => {
          const waited = (started[index + 1]?.at ?? 0) - (failed[index]?.at ?? 0);
          // Timers and clocks may differ by some milliseconds.
          expect(waited).toBeGreaterThanOrEqual(delay * 1000 - 20);
        });
        const { ended } = await ledgerOf(patient, other);
        expect(ended[0]?.at).toBeLessThan(started[1]?.at ?? 0);
      } finally {
        await patient.remove();
      }
    });
  });

  test("a receiver that is closed answers 503 with Retry-After, and stores nothing", async () => {
    const store = await engine.createStore();
    try {
      const service = await store.start({ receivers: ["default", "other"] });
      const one = message();
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      await control(service, "/close");
      const reply = await deliver(service, message());
      expect({ status: reply.status, text: reply.text }).toEqual({
        status: 503,
        text: '{"error":"receiver_closed"}',
      });
      expect(reply.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
      expect(service.stderr()).not.toMatch(/unhandled|uncaught/i);
    } finally {
      await store.remove();
    }
  });
}

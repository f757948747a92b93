import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { type InboxEngine, type InboxStore, control } from "../inboxes.ts";
import {
  countsOf,
  deadLetterOf,
  deadLetters,
  deliver,
  deliverAll,
  idle,
  ledgerOf,
  message,
  messages,
  ok,
  runsOf,
  until,
  untilStarted,
} from "./driver.ts";

/** Several processes on one store, some of which die: what every durable inbox survives. */
export function describeProcesses(engine: InboxEngine): void {
  async function newStore(): Promise<InboxStore> {
    const store = await engine.createStore();
    onTestFinished(() => store.remove());
    return store;
  }

  describe("a process that dies", () => {
    test("during a run: another one takes the message over, that run counts, and onError hears of it", async () => {
      const store = await newStore();
      const doomed = await store.start();
      const one = message("takes:60000");
      expect((await deliver(doomed, one)).status).toBe(200);
      expect(await untilStarted(store, one)).toEqual([1]);
      await doomed.process?.kill();
      const heir = await store.start({ handlerTimeoutInSeconds: 0.2 });
      expect(await untilStarted(store, one, 2)).toEqual([1, 2]);
      await idle(heir);
      expect((await ledgerOf(store, one)).failed).toMatchObject([
        { run: 1, final: false, code: "run_interrupted" },
        { run: 2, final: false, code: "handler_timeout" },
        { run: 3, final: true, code: "handler_timeout" },
      ]);
      expect(await deadLetterOf(heir, one)).toMatchObject({ runs: 3, reason: "handler_timeout" });
    });

    test("during the last run: the message is a dead letter", async () => {
      const store = await newStore();
      const doomed = await store.start({ inbox: { maxRuns: 1 } });
      const one = message("takes:60000");
      expect((await deliver(doomed, one)).status).toBe(200);
      await untilStarted(store, one);
      await doomed.process?.kill();
      const heir = await store.start({ inbox: { maxRuns: 1 } });
      await idle(heir);
      expect(await runsOf(store, one)).toEqual([1]);
      expect(await deadLetterOf(heir, one)).toMatchObject({
        runs: 1,
        reason: "run_interrupted",
        rawBody: Array.from(one.body),
      });
      expect((await ledgerOf(store, one)).failed).toMatchObject([
        { run: 1, final: true, code: "run_interrupted" },
      ]);
    });

    test("with messages that wait: the next start runs them, once each", async () => {
      const store = await newStore();
      const doomed = await store.start({ inbox: { concurrency: 1 } });
      const blocker = message("takes:60000");
      expect((await deliver(doomed, blocker)).status).toBe(200);
      const many = messages(30);
      expect(await deliverAll(doomed, many)).toEqual(ok(30));
      await doomed.process?.kill();
      const heir = await store.start({ handlerTimeoutInSeconds: 0.2 });
      expect((await deliver(heir, many[0] ?? message())).status).toBe(200);
      await idle(heir);
      for (const one of many) expect(await runsOf(store, one)).toEqual([1]);
    });

    test("a second after a run has ended: it is not run again", async () => {
      const store = await newStore();
      const doomed = await store.start();
      const one = message();
      expect((await deliver(doomed, one)).status).toBe(200);
      await until(
        () => ledgerOf(store, one),
        ({ ended }) => ended.length > 0,
      );
      await pause(1000);
      await doomed.process?.kill();
      const heir = await store.start();
      await idle(heir);
      expect((await deliver(heir, one)).status).toBe(200);
      await idle(heir);
      expect(await runsOf(store, one)).toEqual([1]);
    });
  });

  describe("several processes", () => {
    test("open one empty store at once, and share the work: each message runs once", async () => {
      const store = await newStore();
      const services = await Promise.all(Array.from({ length: 4 }, () => store.start()));
      const many = messages(100, "takes:20");
      const replies = await Promise.all(services.map((service) => deliverAll(service, many)));
      expect(replies).toEqual(services.map(() => ok(100)));
      await Promise.all(services.map(idle));
      for (const one of many) expect(await runsOf(store, one)).toEqual([1]);
    });

    test("one has a run that outlasts its lease many times: it is renewed, and nobody takes it over", async () => {
      const store = await newStore();
      const options = { inbox: { leaseInSeconds: 1 } };
      const [first, second] = await Promise.all([store.start(options), store.start(options)]);
      const one = message("takes:5000");
      expect((await deliver(first, one)).status).toBe(200);
      await idle(second);
      await idle(first);
      expect(await runsOf(store, one)).toEqual([1]);
      expect((await ledgerOf(store, one)).ended).toHaveLength(1);
    });

    test("a message of a receiver that only another process has waits for it", async () => {
      const store = await newStore();
      const first = await store.start({ receivers: ["first"], inbox: { concurrency: 1 } });
      const [blocker, one] = [message("takes:60000"), message()];
      for (const each of [blocker, one]) {
        expect((await deliver(first, each, { receiver: "first" })).status).toBe(200);
      }
      await untilStarted(store, blocker);
      await first.process?.kill();
      const second = await store.start({ receivers: ["second"] });
      const other = message();
      expect((await deliver(second, other, { receiver: "second" })).status).toBe(200);
      await idle(second);
      expect(await runsOf(store, one)).toEqual([]);
      await store.start({ receivers: ["first"], handlerTimeoutInSeconds: 0.2 });
      expect(await untilStarted(store, one)).toEqual([1]);
    });

    test("one looks after the dead letters while another serves", async () => {
      const store = await newStore();
      const service = await store.start({ inbox: { maxRuns: 1 } });
      const office = await store.start({ receivers: [] });
      const [one, other] = [message("fails:99"), message("fails:99")];
      expect(await deliverAll(service, [one, other])).toEqual([200, 200]);
      await idle(service);
      expect(await deadLetters(office)).toHaveLength(2);
      await control(office, "/replay", { id: (await deadLetterOf(office, one))?.id ?? "" });
      await control(office, "/discard", { id: (await deadLetterOf(office, other))?.id ?? "" });
      expect(await untilStarted(store, one, 2)).toEqual([1, 1]);
      await idle(service);
      expect((await deadLetters(office)).map(({ messageId }) => messageId)).toEqual([one.messageId]);
      expect(await countsOf(office)).toMatchObject({ pending: 0, running: 0, dead: 1 });
    });
  });

  describe("a receiver that closes", () => {
    test("lets its runs end", async () => {
      const store = await newStore();
      const service = await store.start();
      const one = message("takes:1000");
      expect((await deliver(service, one)).status).toBe(200);
      await untilStarted(store, one);
      await control(service, "/close");
      const { started, ended, aborted } = await ledgerOf(store, one);
      expect([started.length, ended.length, aborted.length]).toEqual([1, 1, 0]);
    });

    test("releases those that take too long, without counting them, and leaves the rest to others", async () => {
      const store = await newStore();
      const service = await store.start({ inbox: { concurrency: 1, closeTimeoutInSeconds: 0.2 } });
      const [one, other] = [message("takes:60000"), message()];
      expect((await deliver(service, one)).status).toBe(200);
      await untilStarted(store, one);
      expect((await deliver(service, other)).status).toBe(200);
      await control(service, "/close");
      expect((await ledgerOf(store, one)).aborted).toHaveLength(1);
      expect(await runsOf(store, other)).toEqual([]);
      await store.start({ handlerTimeoutInSeconds: 0.2 });
      expect(await untilStarted(store, other)).toEqual([1]);
      expect((await untilStarted(store, one, 2)).slice(0, 2)).toEqual([1, 1]);
    });
  });

  test("an id is forgotten when its time is over, and not before", async () => {
    const store = await newStore();
    const service = await store.start({ inbox: { keepIdsInDays: 3 / 86_400 } });
    const one = message();
    const deliverAgain = async (): Promise<number[]> => {
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      return runsOf(store, one);
    };
    expect(await deliverAgain()).toEqual([1]);
    expect(await deliverAgain()).toEqual([1]);
    expect(await until(deliverAgain, (runs) => runs.length === 2)).toEqual([1, 1]);
  });
}

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type InboxEngine, type InboxStore, type RunningService, control } from "../inboxes.ts";
import {
  type Message,
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
} from "./driver.ts";

/** Messages that no further run follows by itself: what every durable inbox keeps. */
export function describeDeadLetters(engine: InboxEngine): void {
  describe("a dead letter", () => {
    let store: InboxStore;
    let service: RunningService;
    beforeAll(async () => {
      store = await engine.createStore();
      service = await store.start({ inbox: { maxRuns: 2 } });
    });
    afterAll(() => store.remove());

    async function dead(one: Message): Promise<string> {
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      return (await deadLetterOf(service, one))?.id ?? "none";
    }

    test("is a message whose runs are exhausted, with all that is known of it", async () => {
      const one = message("fails:99");
      const before = Date.now();
      await dead(one);
      const letter = await deadLetterOf(service, one);
      expect(letter).toEqual({
        id: expect.stringMatching(/./) as string,
        messageId: one.messageId,
        receiver: "default",
        eventType: "generation.completed",
        rawBody: Array.from(one.body),
        runs: 2,
        reason: "handler_failed",
        error: expect.stringContaining("as told") as string,
        receivedAt: expect.any(String) as string,
        diedAt: expect.any(String) as string,
      });
      const [receivedAt, diedAt] = [Date.parse(letter?.receivedAt ?? ""), Date.parse(letter?.diedAt ?? "")];
      expect(receivedAt).toBeGreaterThanOrEqual(before - 1000);
      expect(diedAt).toBeGreaterThanOrEqual(receivedAt);
      expect(diedAt).toBeLessThanOrEqual(Date.now() + 1000);
    });

    test("is queued again by a resend: its runs start at 1, and it is dead no more", async () => {
      const one = message("fails:2");
      await dead(one);
      expect(await runsOf(store, one)).toEqual([1, 2]);
      expect(
        await deliverAll(
          service,
          Array.from({ length: 10 }, () => one),
        ),
      ).toEqual(ok(10));
      await idle(service);
      expect((await runsOf(store, one)).slice(2)).toEqual([1, 2]);
      expect(await deadLetterOf(service, one)).toMatchObject({ runs: 2 });
    });

    test("is replayed by its id: its runs start at 1", async () => {
      const one = message("fails:99");
      await control(service, "/replay", { id: await dead(one) });
      await idle(service);
      expect(await runsOf(store, one)).toEqual([1, 2, 1, 2]);
      expect(await deadLetterOf(service, one)).toMatchObject({ runs: 2, rawBody: Array.from(one.body) });
    });

    test("that is discarded is gone for good: a resend is answered 200 and runs nothing", async () => {
      const one = message("fails:99");
      const id = await dead(one);
      const before = await countsOf(service);
      await control(service, "/discard", { id });
      expect(await deadLetterOf(service, one)).toBeUndefined();
      expect(await countsOf(service)).toEqual({ ...before, dead: before.dead - 1 });
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      expect(await runsOf(store, one)).toEqual([1, 2]);
      expect(await deadLetterOf(service, one)).toBeUndefined();
      for (const path of ["/replay", "/discard"]) {
        await expect(control(service, path, { id })).rejects.toMatchObject({ code: "dead_letter_not_found" });
      }
    });

    test("that is not there: a clear error", async () => {
      const done = message();
      expect((await deliver(service, done)).status).toBe(200);
      await idle(service);
      const ids = [
        "",
        "nope",
        "1",
        "-1",
        "0",
        "x".repeat(5000),
        done.messageId,
        `default/${done.messageId}`,
        "'; --",
      ];
      for (const id of ids) {
        for (const path of ["/replay", "/discard"]) {
          await expect(control(service, path, { id })).rejects.toMatchObject({
            code: "dead_letter_not_found",
            hint: expect.stringMatching(/./) as string,
          });
        }
      }
    });

    test("of a signed delivery that is no event: 200, with its bytes, and heard of once", async () => {
      const one = message("", '{"eventType":"generation.completed"} or so');
      await dead(one);
      const letter = await deadLetterOf(service, one);
      expect(letter).toMatchObject({ runs: 0, reason: "invalid_payload", rawBody: Array.from(one.body) });
      expect(letter).not.toHaveProperty("eventType");
      const failures = async () => (await ledgerOf(store, one)).failed;
      expect(await failures()).toMatchObject([{ code: "invalid_payload", run: 0, final: true }]);

      // A resend of it is judged anew, and is still none.
      await dead(one);
      expect(await deadLetterOf(service, one)).toMatchObject({ runs: 0, reason: "invalid_payload" });
      expect(await failures()).toHaveLength(1);

      // A replay too: only a version that can read it would run its callback.
      await control(service, "/replay", { id: letter?.id ?? "" });
      await until(failures, (all) => all.length === 2);
      await idle(service);
      expect((await failures())[1]).toMatchObject({ code: "invalid_payload", run: 1, final: true });
      expect(await deadLetterOf(service, one)).toMatchObject({ runs: 1, reason: "invalid_payload" });
      expect(await runsOf(store, one)).toEqual([]);
    });

    test("that this version can read is run when it is replayed, and when it is sent again", async () => {
      const [replayed, resent] = [message("fails:99"), message()];
      // As an older version left them here.
      for (const { messageId, body } of [replayed, resent]) {
        const text = Buffer.from(body).toString();
        await control(service, "/accept-invalid", { receiver: "default", messageId, text });
      }
      const letter = await deadLetterOf(service, replayed);
      expect(letter).toMatchObject({ runs: 0, reason: "invalid_payload" });
      await control(service, "/replay", { id: letter?.id ?? "" });
      expect((await deliver(service, resent)).status).toBe(200);
      await idle(service);
      expect(await runsOf(store, replayed)).toEqual([1, 2]);
      expect(await deadLetterOf(service, replayed)).toMatchObject({ runs: 2, reason: "handler_failed" });
      expect(await runsOf(store, resent)).toEqual([1]);
      expect(await deadLetterOf(service, resent)).toBeUndefined();
    });

    test("of bytes that are no text", async () => {
      const one: Message = { ...message(), body: Uint8Array.from({ length: 256 }, (_, byte) => byte) };
      await dead(one);
      expect(await deadLetterOf(service, one)).toMatchObject({ rawBody: Array.from(one.body) });
      await control(service, "/discard", { id: (await deadLetterOf(service, one))?.id ?? "" });
      expect((await deliver(service, one)).status).toBe(200);
      expect(await deadLetterOf(service, one)).toBeUndefined();
    });
  });

  describe("many dead letters", () => {
    let store: InboxStore;
    let service: RunningService;
    const many = messages(25, "fails:1");
    beforeAll(async () => {
      store = await engine.createStore();
      service = await store.start({ inbox: { maxRuns: 1 } });
      for (const one of many) {
        expect((await deliver(service, one)).status).toBe(200);
        await idle(service);
      }
    });
    afterAll(() => store.remove());

    test("are listed newest first", async () => {
      const listed = await deadLetters(service);
      expect(listed.map(({ messageId }) => messageId)).toEqual(
        many.map(({ messageId }) => messageId).toReversed(),
      );
      expect(new Set(listed.map(({ id }) => id)).size).toBe(25);
    });

    test("are listed page by page", async () => {
      const pages: string[][] = [];
      for (let after: string | undefined; pages.length < 5;) {
        const page = await deadLetters(service, { limit: 10, ...(after !== undefined && { after }) });
        if (page.length === 0) break;
        pages.push(page.map(({ messageId }) => messageId));
        after = page.at(-1)?.id;
      }
      expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
      expect(pages.flat()).toEqual(many.map(({ messageId }) => messageId).toReversed());
    });

    test("in a page that makes no sense: a clear error", async () => {
      const pages = [0, -1, 1.5, 1001].map((limit): { limit?: number; after?: string } => ({ limit }));
      for (const page of [...pages, { after: "" }, { after: "nope" }, { after: many[0]?.messageId ?? "" }]) {
        await expect(deadLetters(service, page)).rejects.toMatchObject({
          code: "invalid_option",
          hint: expect.stringMatching(/./) as string,
        });
      }
    });

    test("are counted", async () => {
      const done = message();
      expect((await deliver(service, done)).status).toBe(200);
      await idle(service);
      expect(await countsOf(service)).toEqual({
        pending: 0,
        running: 0,
        done: 1,
        dead: 25,
        oldestPendingInSeconds: 0,
      });
    });

    test("are replayed all together, with progress", async () => {
      const { replayed, progress } = (await control(service, "/replay-all")) as {
        replayed: number;
        progress: { replayed: number; total: number }[];
      };
      expect(replayed).toBe(25);
      expect(progress.at(-1)).toEqual({ replayed: 25, total: 25 });
      expect(progress.map((one) => one.replayed)).toEqual(
        progress.map((one) => one.replayed).toSorted((a, b) => a - b),
      );
      await idle(service);
      for (const one of many) expect(await runsOf(store, one)).toEqual([1, 1]);
      expect(await deadLetters(service)).toHaveLength(25);
    });
  });

  describe("hundreds of dead letters", () => {
    let store: InboxStore;
    let service: RunningService;
    const many = messages(250).map(({ messageId }) => ({ messageId, body: Buffer.from("no event") }));
    beforeAll(async () => {
      store = await engine.createStore();
      service = await store.start();
      expect(await deliverAll(service, many)).toEqual(ok(250));
    });
    afterAll(() => store.remove());

    test("come 100 a page, if nothing else is said; a page follows one that is not there any more", async () => {
      const first = await deadLetters(service);
      expect(first).toHaveLength(100);
      const last = first.at(-1)?.id ?? "";
      await control(service, "/discard", { id: last });
      const rest = await deadLetters(service, { limit: 1000, after: last });
      expect(new Set([...first, ...rest].map(({ messageId }) => messageId)).size).toBe(250);
      expect(rest).toHaveLength(150);
    });

    test("are replayed all together, batch by batch, once each", async () => {
      const { replayed, progress } = (await control(service, "/replay-all")) as {
        replayed: number;
        progress: { replayed: number; total: number }[];
      };
      expect(replayed).toBe(249);
      expect(progress.length).toBeGreaterThan(1);
      expect(progress.at(-1)).toEqual({ replayed: 249, total: 249 });
      await idle(service);
      const again = (await store.ledger()).filter(
        ({ what, ...entry }) => what === "failed" && "run" in entry && entry.run === 1,
      );
      expect(again).toHaveLength(249);
      expect(await countsOf(service)).toMatchObject({ pending: 0, running: 0, dead: 249 });
    });
  });

  test("counts tell what waits and what runs", async () => {
    const store = await engine.createStore();
    try {
      const service = await store.start({ inbox: { concurrency: 2 } });
      expect(await countsOf(service)).toEqual({
        pending: 0,
        running: 0,
        done: 0,
        dead: 0,
        oldestPendingInSeconds: 0,
      });
      expect(await deliverAll(service, messages(5, "takes:2500"))).toEqual(ok(5));
      const counts = await until(
        () => countsOf(service),
        ({ running, oldestPendingInSeconds }) => running === 2 && oldestPendingInSeconds >= 1,
      );
      expect(counts).toMatchObject({ pending: 3, running: 2, done: 0, dead: 0 });
      expect(counts.oldestPendingInSeconds).toBeLessThan(60);
    } finally {
      await store.remove();
    }
  });
}

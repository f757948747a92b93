import type { MessageDetails, MessageSummary } from "@diffio-webhooks/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type InboxEngine, type InboxStore, type RunningService, control } from "../inboxes.ts";
import { PAYLOAD_OF_THE_VENDORS_PAGE } from "../deliveries.ts";
import { type Message, deadLetterOf, deliver, idle, message, runsOf } from "./driver.ts";

/** Looking at messages in any state, and what can be done with them. */
export function describeMessages(engine: InboxEngine): void {
  describe("messages", () => {
    let store: InboxStore;
    let service: RunningService;
    const failed = message(
      "fails:99",
      JSON.stringify({
        ...PAYLOAD_OF_THE_VENDORS_PAGE,
        eventType: "generation.failed",
        generationId: "fails:99",
      }),
    );
    const all = [message("gen_a"), message("gen_b"), message("gen_a"), failed];
    const [first, , , dead] = all as [Message, Message, Message, Message];

    beforeAll(async () => {
      store = await engine.createStore();
      service = await store.start({ receivers: ["default", "other"], inbox: { maxRuns: 2 } });
      for (const one of all) expect((await deliver(service, one)).status).toBe(200);
      expect((await deliver(service, first, { receiver: "other" })).status).toBe(200);
      await idle(service);
    });
    afterAll(() => store.remove());

    const list = async (query: object = {}): Promise<MessageSummary[]> =>
      (await control(service, "/messages", { query: JSON.stringify(query) })) as MessageSummary[];
    const ids = (found: readonly MessageSummary[]): string[] => found.map(({ messageId }) => messageId);
    const get = async (one: Message, receiver?: string): Promise<MessageDetails | null> =>
      (await control(service, "/message", {
        id: one.messageId,
        ...(receiver !== undefined && { receiver }),
      })) as MessageDetails | null;

    test("are listed newest first, and page by page", async () => {
      const found = await list();
      expect(ids(found)).toEqual([...all, first].map(({ messageId }) => messageId).toReversed());
      expect(found.at(-1)).toEqual({
        id: expect.any(String) as string,
        messageId: first.messageId,
        receiver: "default",
        state: "done",
        eventType: "generation.completed",
        subject: "gen_a",
        runs: 1,
        receivedAt: expect.any(String) as string,
        startedAt: expect.any(String) as string,
        endedAt: expect.any(String) as string,
      });
      const page = await list({ limit: 2 });
      const next = await list({ limit: 100, after: page.at(-1)?.id });
      expect([...page, ...next]).toEqual(found);
    });

    test("are found by state, receiver, type, subject and time", async () => {
      expect(ids(await list({ state: "dead" }))).toEqual([dead.messageId]);
      expect(ids(await list({ state: "pending" }))).toEqual([]);
      expect(ids(await list({ receiver: "other" }))).toEqual([first.messageId]);
      expect(ids(await list({ eventType: "generation.failed" }))).toEqual([dead.messageId]);
      expect(await list({ subject: "gen_a" })).toHaveLength(3);
      expect(await list({ subject: "gen_a", receiver: "default", state: "done" })).toHaveLength(2);
      expect(await list({ subject: "gen_" })).toEqual([]);
      const soon = new Date(Date.now() + 60_000).toISOString();
      expect(await list({ since: soon })).toEqual([]);
      expect(await list({ until: soon })).toHaveLength(5);
    });

    test("that are asked for in a way that makes no sense: a clear error", async () => {
      const queries = [
        { state: "gone" },
        { limit: 0 },
        { limit: 1001 },
        { after: "nope" },
        { since: "never" },
      ];
      for (const query of queries) {
        await expect(list(query)).rejects.toMatchObject({
          code: "invalid_option",
          hint: expect.stringMatching(/./) as string,
        });
      }
    });

    test("are read one by one, with their bytes and the last error", async () => {
      expect(await get(message())).toBeNull();
      await expect(get(first)).rejects.toMatchObject({ code: "invalid_option" });
      expect(await get(first, "other")).toMatchObject({ receiver: "other", rawBody: Array.from(first.body) });
      expect(await get(dead)).toMatchObject({
        state: "dead",
        runs: 2,
        reason: "handler_failed",
        rawBody: Array.from(dead.body),
        error: {
          name: "Error",
          message: "as told",
          stack: expect.stringContaining("service.ts") as string,
        },
      });
    });

    test("that are no events say why, by the name of the error and its message apart", async () => {
      const one = message("", "no event");
      expect((await deliver(service, one)).status).toBe(200);
      const { error } = (await get(one)) ?? {};
      expect(error).toEqual({ name: "WebhookError", message: "The body is not JSON." });
      expect((await deadLetterOf(service, one))?.error).toBe("WebhookError: The body is not JSON.");
      await control(service, "/remove-message", { id: one.messageId });
    });

    test("are run again, whatever became of them; never one that is not there", async () => {
      const done = all[1] ?? first;
      expect(await runsOf(store, done)).toEqual([1]);
      await control(service, "/replay-message", { id: done.messageId });
      await idle(service);
      expect(await runsOf(store, done)).toEqual([1, 1]);
      await control(service, "/replay-message", { id: dead.messageId });
      await idle(service);
      expect(await runsOf(store, dead)).toEqual([1, 2, 1, 2]);
      expect(await deadLetterOf(service, dead)).toMatchObject({ runs: 2 });
      for (const path of ["/replay-message", "/remove-message"]) {
        await expect(control(service, path, { id: "msg_none" })).rejects.toMatchObject({
          code: "message_not_found",
          hint: expect.stringMatching(/./) as string,
        });
      }
    });

    test("are removed with their body for good: a resend runs nothing", async () => {
      const one = message();
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      await control(service, "/remove-message", { id: one.messageId });
      const removed = await get(one);
      expect(removed).toMatchObject({ state: "discarded" });
      expect(removed).not.toHaveProperty("rawBody");
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      expect(await runsOf(store, one)).toEqual([1]);
      await expect(control(service, "/replay-message", { id: one.messageId })).rejects.toMatchObject({
        code: "message_not_found",
      });
    });

    test("that are dead are replayed by type and reason", async () => {
      const replayAll = async (filter: object): Promise<number> =>
        ((await control(service, "/replay-all", { filter: JSON.stringify(filter) })) as { replayed: number })
          .replayed;
      expect(await replayAll({ eventType: "generation.completed" })).toBe(0);
      expect(await replayAll({ reason: "handler_timeout" })).toBe(0);
      expect(await replayAll({ eventType: "generation.failed", reason: "handler_failed" })).toBe(1);
      await idle(service);
      expect((await runsOf(store, dead)).length).toBe(6);
    });
  });
}

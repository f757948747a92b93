import { setTimeout as pause } from "node:timers/promises";
import { type DurableInbox, WebhookError } from "@diffio-webhooks/core";
import { hasRedisServer } from "@diffio-webhooks/test-support/redis";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { attach, message, openInbox, useRedis } from "./support/inboxes.ts";

const DAY = 86_400;

describe.skipIf(!hasRedisServer)("what redisInbox keeps", () => {
  const redis = useRedis();
  const invalid = new WebhookError("invalid_payload", "Not an event.");

  function client(): Redis {
    const opened = new Redis(redis.server.url);
    onTestFinished(() => opened.disconnect());
    return opened;
  }

  test.each([
    ["of every value", Uint8Array.from({ length: 256 }, (_, byte) => byte)],
    ["none", new Uint8Array()],
    ["in the middle of others", new Uint8Array(Buffer.from("before{}after").buffer, 0, 8).subarray(2, 5)],
    ["5 MiB of them", Uint8Array.from({ length: 5 * 1_048_576 }, (_, index) => (index * 7) % 256)],
  ])("bytes: %s", async (_name, rawBody) => {
    const url = redis.freshUrl();
    const [one, other] = [
      message({ rawBody, secretName: "music" }),
      message({ rawBody, eventType: undefined }),
    ];
    const first = openInbox({ url });
    expect(await first.accept(one)).toEqual({ duplicate: false });
    await first.acceptInvalid(other, invalid);
    await first.close();

    const second = openInbox({ url });
    const { ran, idle } = attach(second);
    await idle();
    const { rawBody: _bytes, ...rest } = one;
    expect(ran).toMatchObject([{ ...rest, run: 1, final: false }]);
    const letters = await second.deadLetters.list();
    expect(letters.map(({ messageId }) => messageId)).toEqual([other.messageId]);
    for (const bytes of [ran[0]?.rawBody, letters[0]?.rawBody]) {
      expect(bytes?.constructor).toBe(Uint8Array);
      expect(Buffer.compare(bytes ?? new Uint8Array([0]), rawBody)).toBe(0);
    }
  });

  test.each(["a:b", "%", "%0025", "ä ö", "\uD800", "{x}", "receivers", "diffio-webhooks", "💥".repeat(40)])(
    "messages of a receiver named %j",
    async (receiver) => {
      const inbox = openInbox({ url: redis.freshUrl(), maxRuns: 1 });
      const one = message({ receiver });
      const { ran, idle } = attach(
        inbox,
        () => {
          throw new Error("no");
        },
        receiver,
      );
      await inbox.accept(one);
      await idle();
      expect(ran).toHaveLength(1);
      const [letter] = await inbox.deadLetters.list();
      expect(letter).toMatchObject({ receiver, messageId: one.messageId });
      await inbox.deadLetters.discard(letter?.id ?? "");
      expect(await inbox.deadLetters.list()).toEqual([]);
    },
  );

  test("a message that comes when Redis has forgotten its scripts", async () => {
    const inbox = openInbox({ url: redis.freshUrl() });
    await inbox.accept(message());
    const other = message();
    await client().call("SCRIPT", "FLUSH");
    expect(await inbox.accept(other)).toEqual({ duplicate: false });
    expect(await inbox.accept(other)).toEqual({ duplicate: true });
  });

  test.each(["meta", "wait", "id", "events", "123", "-", "completed", "a".repeat(128)])(
    "a message with the id %s",
    async (messageId) => {
      const inbox = openInbox({ url: redis.freshUrl() });
      const { ran, idle } = attach(inbox);
      expect(await inbox.accept(message({ messageId }))).toEqual({ duplicate: false });
      expect(await inbox.accept(message({ messageId }))).toEqual({ duplicate: true });
      await idle();
      expect(ran.map((one) => one.messageId)).toEqual([messageId]);
    },
  );

  test("copies at once, over two inboxes: one of them is no duplicate", async () => {
    const url = redis.freshUrl();
    const [first, second] = [openInbox({ url }), openInbox({ url })];
    const inboxOf = (copy: number): DurableInbox => (copy % 2 === 0 ? first : second);
    for (let round = 0; round < 20; round++) {
      const one = message();
      const found = await Promise.all(Array.from({ length: 50 }, (_, copy) => inboxOf(copy).accept(one)));
      expect(found.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    }
  });

  test("resends of a dead one at once, over two inboxes: one of them queues it, with bytes of a resend", async () => {
    const url = redis.freshUrl();
    const [first, second] = [openInbox({ url }), openInbox({ url })];
    const inboxOf = (copy: number): DurableInbox => (copy % 2 === 0 ? first : second);
    const one = message();
    await first.acceptInvalid(one, invalid);
    const again = { ...one, rawBody: new Uint8Array([1]) };
    const found = await Promise.all(Array.from({ length: 50 }, (_, copy) => inboxOf(copy).accept(again)));
    expect(found.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    const third = openInbox({ url });
    const { ran, idle } = attach(third);
    await idle();
    expect(ran).toMatchObject([{ run: 1, rawBody: new Uint8Array([1]) }]);
  });

  test("ids of done and discarded ones for longer than their bodies; dead ones with their bodies", async () => {
    const url = redis.freshUrl();
    const prefix = new URL(url).searchParams.get("keyPrefix") ?? "";
    const inbox = openInbox({ url, maxRuns: 1, keepBodiesInDays: 1 / DAY, keepIdsInDays: 6 / DAY });
    const { ran, idle } = attach(inbox, ({ rawBody }) => {
      if (rawBody.length > 2) throw new Error("no");
    });
    const done = message();
    const [dead, discarded] = [
      message({ rawBody: Buffer.from("dead") }),
      message({ rawBody: Buffer.from("none") }),
    ];
    for (const one of [done, dead, discarded]) await inbox.accept(one);
    await idle();
    const idOf = async (messageId: string) =>
      (await inbox.deadLetters.list()).find((letter) => letter.messageId === messageId)?.id ?? "";
    await inbox.deadLetters.discard(await idOf(discarded.messageId));
    expect(await inbox.counts()).toMatchObject({ done: 1, dead: 1 });

    const redisClient = client();
    const dataOf = ({ messageId }: { messageId: string }) =>
      redisClient.hget(`${prefix}diffio-webhooks:default:m_${messageId}`, "data");
    await expect.poll(() => dataOf(done), { timeout: 5000 }).toBe("{}");
    await expect.poll(() => dataOf(discarded), { timeout: 5000 }).toBe("{}");
    const small = `${prefix}diffio-webhooks:default:m_${done.messageId}`;
    expect(await redisClient.object("ENCODING", small)).toBe("listpack");
    expect(await dataOf(dead)).toContain(Buffer.from("dead").toString("base64"));
    for (const one of [done, discarded]) expect(await inbox.accept(one)).toEqual({ duplicate: true });
    await idle();
    expect(ran).toHaveLength(3);

    await expect
      .poll(() => Promise.all([done, discarded, dead].map(dataOf)), { timeout: 15_000 })
      .toEqual([null, null, null]);
    expect(await inbox.counts()).toMatchObject({ done: 0, dead: 0 });
    for (const one of [done, discarded]) expect(await inbox.accept(one)).toEqual({ duplicate: false });
    await idle();
  });

  test("many bodies that ended in one millisecond: all are pruned", async () => {
    const url = redis.freshUrl();
    const queue = `${new URL(url).searchParams.get("keyPrefix")}diffio-webhooks:default:`;
    const redisClient = client();
    const inbox = openInbox({ url, keepBodiesInDays: 1 / DAY });
    const one = message();
    await inbox.accept(one);
    const endedAt = Date.now();
    const ids = Array.from({ length: 1200 }, (_, index) => `m_${index}`);
    for (const id of ids) {
      const job = { name: "", timestamp: endedAt, finishedOn: endedAt, data: "body" };
      redisClient.hset(`${queue}${id}`, job).catch(() => {});
      redisClient.zadd(`${queue}completed`, endedAt, id).catch(() => {});
    }
    await redisClient.ping();
    attach(inbox);
    const left = async (): Promise<number> => {
      const all = await Promise.all(ids.map((id) => redisClient.hget(`${queue}${id}`, "data")));
      return all.filter((data) => data !== "{}").length;
    };
    await expect.poll(left, { timeout: 10_000 }).toBe(0);
  });

  test("dead letters of many receivers that died in one millisecond: paged without a gap or a repetition", async () => {
    const inbox = openInbox({ url: redis.freshUrl() });
    const many = Array.from({ length: 90 }, (_, index) =>
      message({ receiver: `r${index % 3}`, messageId: `m${Math.floor(index / 3)}` }),
    );
    // Opened before, so that all of them come at once.
    for (const receiver of ["r0", "r1", "r2"]) await inbox.accept(message({ receiver }));
    await Promise.all(many.map((one) => inbox.acceptInvalid(one, invalid)));
    const listed: string[] = [];
    const times: number[] = [];
    for (let after: string | undefined; listed.length < 100;) {
      const page = await inbox.deadLetters.list({ limit: 7, after });
      if (page.length === 0) break;
      listed.push(...page.map(({ receiver, messageId }) => `${receiver} ${messageId}`));
      times.push(...page.map(({ diedAt }) => diedAt.getTime()));
      // One that is gone is a place to go on from all the same.
      if (listed.length === 14) await inbox.deadLetters.discard(page.at(-1)?.id ?? "");
      after = page.at(-1)?.id;
    }
    expect(listed.toSorted()).toEqual(
      many.map(({ receiver, messageId }) => `${receiver} ${messageId}`).toSorted(),
    );
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(new Set(times).size).toBeLessThan(90);
  });

  test("counts: the oldest that waits, retries too", async () => {
    const inbox = openInbox({ url: redis.freshUrl(), backoffInSeconds: 60 });
    const { ran } = attach(inbox, () => {
      throw new Error("no");
    });
    await inbox.accept(message());
    await expect.poll(async () => (await inbox.counts()).pending).toBe(1);
    expect(ran).toHaveLength(1);
    await pause(300);
    await inbox.accept(message({ receiver: "nobody's" }));
    const counts = await inbox.counts();
    expect(counts).toMatchObject({ pending: 2, running: 0, done: 0, dead: 0 });
    expect(counts.oldestPendingInSeconds).toBeGreaterThanOrEqual(0.3);
  });
});

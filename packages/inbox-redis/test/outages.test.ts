import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { type Receiver, createReceiver } from "@diffio-webhooks/core";
import { signed } from "@diffio-webhooks/test-support/deliveries";
import { type RedisServer, hasRedisServer, startRedis } from "@diffio-webhooks/test-support/redis";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { watchOutages } from "../src/lib/outages.ts";
import { attach, message, openInbox } from "./support/inboxes.ts";

vi.mock("../../core/src/lib/timers.ts", () => import("@diffio-webhooks/test-support/fakeable-timers"));

test("an outage is told once, and not more often than every ten seconds", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const clock = vi.spyOn(performance, "now");
  const { failed, over } = watchOutages("here:6379");
  const told: number[] = [];
  const steps: [number, () => void][] = [
    [0, () => failed(new Error("away"))],
    [20_000, () => failed(new Error("still away"))],
    [30_000, over],
    [31_000, () => failed(new Error("away"))],
    [32_000, over],
    [33_000, () => failed(new Error("away"))],
    [34_000, over],
    [45_000, () => failed(new Error("away"))],
  ];
  for (const [now, step] of steps) {
    clock.mockReturnValue(now);
    step();
    told.push(warn.mock.calls.length);
  }
  vi.restoreAllMocks();
  expect(told).toEqual([1, 1, 1, 2, 2, 2, 2, 3]);
});

describe.skipIf(!hasRedisServer)("redisInbox, when Redis", () => {
  let warnings: string[];
  let strays: unknown[];
  beforeEach(() => {
    warnings = [];
    strays = [];
    const spy = vi.spyOn(console, "warn").mockImplementation((...words: unknown[]) => {
      warnings.push(words.map(String).join(" "));
    });
    const stray = (error: unknown): void => void strays.push(error);
    process.on("unhandledRejection", stray).on("uncaughtException", stray);
    onTestFinished(() => {
      spy.mockRestore();
      process.off("unhandledRejection", stray).off("uncaughtException", stray);
    });
  });
  // What nobody catches fails the run of vitest anyway; here it fails its own test.
  afterEach(({ expect: expectHere }) => expectHere(strays).toEqual([]));

  async function redisOfMyOwn(settings?: readonly string[]): Promise<RedisServer> {
    const server = await startRedis(settings);
    onTestFinished(() => server.remove());
    return server;
  }

  /** A receiver on it, and how it is spoken to. */
  function service(server: RedisServer, onAny: (event: unknown, context: { messageId: string }) => unknown) {
    const refusals: { code: string; message: string; hint?: string | undefined }[] = [];
    const receiver: Receiver = createReceiver({
      inbox: openInbox({ url: server.url }),
      signingSecret: SECRET,
      onAny,
      onError: () => {},
      onRejected: (error) => void refusals.push(error),
    });
    onTestFinished(() => receiver.close());
    async function deliver(delivery = signed()): Promise<{ status: number; tookMs: number }> {
      const from = performance.now();
      const { status } = await receiver.receive({
        method: "POST",
        headers: delivery.headers,
        body: Buffer.from(delivery.body),
      });
      return { status, tookMs: performance.now() - from };
    }
    return { receiver, refusals, deliver };
  }

  test("is away at the start: 503 soon, with a hint; and it works when it comes", async () => {
    const server = await redisOfMyOwn();
    await server.kill();
    const ran: string[] = [];
    const { refusals, deliver, receiver } = service(
      server,
      (_event, { messageId }) => void ran.push(messageId),
    );
    for (let attempt = 0; attempt < 3; attempt++) {
      const { status, tookMs } = await deliver();
      expect(status).toBe(503);
      expect(tookMs).toBeLessThan(3000);
    }
    expect(refusals[0]).toMatchObject({
      code: "inbox_unavailable",
      message: expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ failed/) as string,
      hint: expect.stringMatching(/Redis runs/) as string,
    });
    expect(warnings).toHaveLength(1);

    await server.start();
    const delivery = signed();
    await expect.poll(async () => (await deliver(delivery)).status, { timeout: 5000 }).toBe(200);
    await receiver.idle();
    expect(ran).toEqual([delivery.messageId]);
  });

  test("is killed and started again under load, three times: what was acknowledged is run", async () => {
    const server = await redisOfMyOwn();
    const ran: string[] = [];
    const { receiver, deliver } = service(server, async (_event, { messageId }) => {
      await pause(5);
      ran.push(messageId);
    });
    expect((await deliver()).status).toBe(200);
    const acknowledged: string[] = [];
    const statuses: number[] = [];
    const stop = new AbortController();
    const clients = Array.from({ length: 16 }, async () => {
      while (!stop.signal.aborted) {
        const delivery = signed();
        const { status, tookMs } = await deliver(delivery);
        statuses.push(status);
        expect(tookMs).toBeLessThan(8000);
        if (status === 200) acknowledged.push(delivery.messageId);
        else await pause(20);
      }
    });
    for (let round = 0; round < 3; round++) {
      await pause(400);
      await server.kill();
      await pause(400);
      await server.start();
      const before = acknowledged.length;
      await expect.poll(() => acknowledged.length, { timeout: 5000 }).toBeGreaterThan(before + 50);
    }
    stop.abort();
    await Promise.all(clients);
    await receiver.idle();
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(acknowledged.filter((messageId) => !ran.includes(messageId))).toEqual([]);
    // One for each outage, or fewer: they are told at most every ten seconds.
    expect(warnings.length).toBeGreaterThanOrEqual(1);
    expect(warnings.length).toBeLessThanOrEqual(3);
  });

  test("hangs: 503 within 8 s, and it works when it goes on", async () => {
    const server = await redisOfMyOwn();
    const ran: string[] = [];
    const { receiver, deliver } = service(server, (_event, { messageId }) => void ran.push(messageId));
    expect((await deliver()).status).toBe(200);
    await receiver.idle();
    server.freeze(true);
    const { status, tookMs } = await deliver();
    server.freeze(false);
    expect(status).toBe(503);
    expect(tookMs).toBeLessThan(8000);
    const delivery = signed();
    await expect.poll(async () => (await deliver(delivery)).status, { timeout: 15_000 }).toBe(200);
    await receiver.idle();
    expect(ran).toContain(delivery.messageId);
  });

  test("is behind connections that died without a word: they are made anew", async () => {
    const server = await redisOfMyOwn();
    const pairs: Socket[] = [];
    const proxy = createServer((socket) => {
      const upstream = connect(server.port, "127.0.0.1");
      for (const each of [socket, upstream]) each.on("error", () => {});
      pairs.push(socket.pipe(upstream), upstream.pipe(socket));
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    onTestFinished(() => {
      for (const socket of pairs) socket.destroy();
      proxy.close();
    });
    const { port } = proxy.address() as { port: number };
    const ran: string[] = [];
    const { receiver, deliver } = service(
      { ...server, url: `redis://127.0.0.1:${port}` },
      (_event, { messageId }) => void ran.push(messageId),
    );
    expect((await deliver()).status).toBe(200);
    await receiver.idle();
    for (const socket of pairs) socket.unpipe().resume();
    const delivery = signed();
    expect((await deliver(delivery)).status).toBe(503);
    await expect.poll(async () => (await deliver(delivery)).status, { timeout: 20_000 }).toBe(200);
    await expect.poll(() => ran, { timeout: 20_000 }).toContain(delivery.messageId);
  });

  test("hangs for longer than a lease: the run's signal is aborted, and its end counts if nobody took it over", async () => {
    const server = await redisOfMyOwn();
    const inbox = openInbox({ url: server.url });
    const aborted: string[] = [];
    const { ran, interrupted, idle } = attach(inbox, async ({ messageId, run, signal }) => {
      if (run > 1) return;
      await new Promise<void>((resolve, reject) => {
        signal?.addEventListener("abort", () => {
          aborted.push(messageId);
          if (messageId === stubborn.messageId) resolve();
          else reject(new Error("no"));
        });
      });
    });
    const [stubborn, obedient] = [message(), message()];
    for (const one of [stubborn, obedient]) await inbox.accept(one);
    await expect.poll(() => ran.length).toBe(2);
    server.freeze(true);
    // Nobody has to tell it: its time is up.
    await expect.poll(() => aborted.length, { timeout: 5000 }).toBe(2);
    await pause(1500);
    server.freeze(false);
    await idle();
    const runsOf = ({ messageId }: { messageId: string }): number[] =>
      ran.filter((one) => one.messageId === messageId).map(({ run }) => run);
    expect([runsOf(stubborn), runsOf(obedient)]).toEqual([[1], [1, 2]]);
    expect(interrupted).toEqual([]);
    expect(await inbox.counts()).toMatchObject({ done: 2, pending: 0, running: 0, dead: 0 });
  });

  test("is full: 503 with a hint and without the body, nothing spins, and it works when there is room", async () => {
    const server = await redisOfMyOwn();
    const inbox = openInbox({ url: server.url });
    const waiting = Array.from({ length: 5 }, () => message());
    for (const one of waiting) await inbox.accept(one);
    const client = new Redis(server.url);
    onTestFinished(() => client.disconnect());
    await client.config("SET", "maxmemory", "1");

    const { ran, idle } = attach(inbox);
    const one = message({ rawBody: Buffer.from("hunter2") });
    const refused = await inbox.accept(one).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "inbox_unavailable",
      hint: expect.stringContaining("maxmemory") as string,
    });
    expect(inspect(refused, { depth: 10 })).not.toMatch(/hunter2|aHVudGVyMg/);
    const scripts = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info("commandstats"))?.[1] ?? 0);
    const before = await scripts();
    await pause(2000);
    expect((await scripts()) - before).toBeLessThan(40);

    await client.config("SET", "maxmemory", "0");
    expect(await inbox.accept(one)).toEqual({ duplicate: false });
    await idle();
    expect(ran.map(({ messageId }) => messageId).toSorted()).toEqual(
      [...waiting, one].map(({ messageId }) => messageId).toSorted(),
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/OOM/);
  });

  test("wants a password: 503 with a hint", async () => {
    const server = await redisOfMyOwn(["--requirepass", "hunter2"]);
    const { refusals, deliver } = service(server, () => {});
    expect((await deliver()).status).toBe(503);
    expect(refusals[0]?.hint).toMatch(/password/);
  });

  test.each([
    ["has no append-only file", ["--appendonly", "no"], /appendonly yes/],
    ["may drop messages", ["--maxmemory-policy", "allkeys-lru"], /noeviction, not allkeys-lru/],
    ["leaves it to the system when to write", ["--appendfsync", "no"], /appendfsync always/],
    ["forbids CONFIG", ["--rename-command", "CONFIG", "", "--appendonly", "no"], /appendonly yes/],
  ])("%s: one warning at the start", async (_name, settings, expected) => {
    const server = await redisOfMyOwn(settings);
    const inbox = openInbox({ url: server.url });
    const { ran, idle } = attach(inbox);
    await inbox.accept(message());
    await idle();
    await inbox.close();
    await inbox.accept(message());
    await pause(100);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(expected);
    expect(ran).toHaveLength(1);
  });

  test.each([
    ["keeps what it acknowledged", []],
    ["keeps it, and forbids CONFIG", ["--rename-command", "CONFIG", ""]],
    ["syncs every second", ["--appendfsync", "everysec"]],
  ])("%s: no warning", async (_name, settings) => {
    const server = await redisOfMyOwn(settings);
    const inbox = openInbox({ url: server.url });
    const { idle } = attach(inbox);
    await inbox.accept(message());
    await idle();
    await pause(100);
    expect(warnings).toEqual([]);
  });
});

import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { hasRedisServer } from "@diffio-webhooks/test-support/redis";
import { newMessageId } from "@diffio-webhooks/test-support/signing";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { redisInbox } from "../src/index.ts";
import { defineScripts, runScript } from "../src/lib/scripts.ts";
import { type Ran, attach, message, openInbox, useRedis } from "./support/inboxes.ts";

describe.skipIf(!hasRedisServer)("how redisInbox runs", () => {
  const redis = useRedis();

  test("with a function as backoff, asked for each run to come", async () => {
    const asked: number[] = [];
    const inbox = openInbox({
      url: redis.freshUrl(),
      backoffInSeconds: (run) => {
        asked.push(run);
        return 0;
      },
    });
    const { ran, idle } = attach(inbox, () => {
      throw new Error("no");
    });
    await inbox.accept(message());
    await idle();
    expect(ran.map(({ run, final }) => [run, final])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(asked).toEqual([2, 3]);
  });

  test("as many at once as concurrency allows, over all receivers", async () => {
    const inbox = openInbox({ url: redis.freshUrl(), concurrency: 3 });
    let running = 0;
    let most = 0;
    const run = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await pause(30);
      running -= 1;
    };
    const receivers = ["one", "other"].map((name) => attach(inbox, run, name));
    for (let index = 0; index < 10; index++) {
      for (const receiver of ["one", "other"]) await inbox.accept(message({ receiver }));
    }
    await Promise.all(receivers.map(({ idle }) => idle()));
    expect(receivers.map(({ ran }) => ran.length)).toEqual([10, 10]);
    expect(most).toBe(3);
  });

  test("the first run with the very message that was accepted, others from the store", async () => {
    const inbox = openInbox({ url: redis.freshUrl() });
    const { ran, idle } = attach(inbox, ({ run }) => {
      if (run === 1) throw new Error("no");
    });
    const inProcess = { req: {} };
    await inbox.accept(message({ inProcess }));
    await idle();
    expect(ran.map((one) => one.inProcess)).toEqual([inProcess, undefined]);
  });

  test("a message of another process soon after it was accepted there", async () => {
    const url = redis.freshUrl();
    const { ran } = attach(openInbox({ url }));
    const other = openInbox({ url });
    await pause(300);
    for (let index = 0; index < 5; index++) {
      const acceptedAt = Date.now();
      await other.accept(message());
      await expect.poll(() => ran.length, { interval: 5 }).toBe(index + 1);
      expect(Date.now() - acceptedAt).toBeLessThan(1000);
    }
  });

  test("a run that lost its lease is told, and decides nothing: the one that took over does", async () => {
    const url = redis.freshUrl();
    const prefix = new URL(url).searchParams.get("keyPrefix") ?? "";
    const gates = new Map<number, (error?: Error) => void>();
    const aborted: number[] = [];
    const run = ({ run: number, signal }: Ran): Promise<void> =>
      new Promise((resolve, reject) => {
        gates.set(number, (error) => (error ? reject(error) : resolve()));
        signal?.addEventListener("abort", () => aborted.push(number));
      });
    const options = { url, maxRuns: 2, concurrency: 1 };
    const [first, second] = [openInbox(options), openInbox(options)];
    const { ran: ranFirst } = attach(first, run);
    const one = message();
    await first.accept(one);
    await expect.poll(() => gates.size).toBe(1);
    const { ran: ranSecond, interrupted, idle } = attach(second, run);
    const client = new Redis(redis.server.url);
    onTestFinished(() => client.disconnect());
    // As if the first had been away for so long that another took the message, and died.
    const lock = `${prefix}diffio-webhooks:default:m_${one.messageId}:lock`;
    await client.set(lock, "another's", "PX", 500);
    await expect.poll(() => gates.size, { timeout: 5000 }).toBe(2);
    await expect.poll(() => aborted, { timeout: 5000 }).toEqual([1]);
    expect(interrupted.map((told) => [told.run, told.final])).toEqual([[1, false]]);

    gates.get(1)?.();
    await pause(300);
    expect(await second.counts()).toMatchObject({ pending: 0, running: 1, done: 0, dead: 0 });
    gates.get(2)?.(new Error("no"));
    await idle();
    const letters = await second.deadLetters.list();
    expect(letters).toMatchObject([{ runs: 2, reason: "handler_failed" }]);

    gates.clear();
    await second.deadLetters.replay(letters[0]?.id ?? "");
    await expect.poll(() => gates.size).toBe(1);
    expect(ranFirst.length + ranSecond.length).toBe(3);
    expect(gates.has(1)).toBe(true);
    expect(interrupted).toHaveLength(1);
    gates.get(1)?.();
    await idle();
  });

  test("once, though its lock ran out: nobody has taken it over", async () => {
    const url = redis.freshUrl();
    const prefix = new URL(url).searchParams.get("keyPrefix") ?? "";
    const client = new Redis(redis.server.url);
    onTestFinished(() => client.disconnect());
    const inbox = openInbox({ url });
    const one = message();
    const { ran, idle } = attach(inbox, async () => {
      for (let round = 0; round < 100; round++) {
        await pause(10);
        await client.del(`${prefix}diffio-webhooks:default:m_${one.messageId}:lock`);
      }
    });
    await inbox.accept(one);
    await idle();
    expect(ran.map(({ run }) => run)).toEqual([1]);
    expect(await inbox.counts()).toMatchObject({ done: 1, pending: 0, running: 0 });
  });

  test.each([
    ["nobody has taken the message since", { ats: 2, stc: 1 }, 1],
    ["another has begun", { ats: 3, stc: 1 }, 0],
    ["another has seen it dead", { ats: 2, stc: 2 }, 0],
    ["it is not there any more", undefined, 0],
  ])("a lock that ran out is set again only if %s", async (_name, job, expected) => {
    const client = new Redis(redis.server.url);
    onTestFinished(() => client.disconnect());
    defineScripts(client);
    const key = newMessageId();
    if (job) await client.hset(key, job);
    const keys = [`${key}:lock`, `${key}:stalled`, key];
    expect(await runScript(client, "diffioRenewLease", ...keys, "token", 1000, "m_1", 2, 1)).toBe(expected);
    expect(await client.exists(`${key}:lock`)).toBe(expected);
  });

  test("once, though it blocks its process for longer than its lease", async () => {
    const inbox = openInbox({ url: redis.freshUrl() });
    const { ran, interrupted, idle } = attach(inbox, async () => {
      await pause(600);
      const until = Date.now() + 2500;
      while (Date.now() < until);
      await pause(600);
    });
    await inbox.accept(message());
    await idle();
    expect(ran.map(({ run }) => run)).toEqual([1]);
    expect(interrupted).toEqual([]);
  });

  test("not at all what waits for room when its receiver closes: it waits for the next one", async () => {
    const url = redis.freshUrl();
    const inbox = openInbox({ url, concurrency: 1, closeTimeoutInSeconds: 60 });
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const busy = attach(inbox, () => gate, "busy");
    const closing = attach(inbox, () => {}, "closing");
    await inbox.accept(message({ receiver: "busy" }));
    await expect.poll(() => busy.ran.length).toBe(1);
    const one = message({ receiver: "closing" });
    await inbox.accept(one);
    await expect.poll(async () => (await inbox.counts()).running).toBe(2);
    await closing.close();
    expect(closing.ran).toEqual([]);
    expect(await inbox.counts()).toMatchObject({ pending: 1, running: 1 });
    open();
    await busy.idle();
    const { ran, idle } = attach(inbox, () => {}, "closing");
    await idle();
    expect(ran.map(({ messageId, run }) => [messageId, run])).toEqual([[one.messageId, 1]]);
  });

  test("nothing of an idle service hammers Redis", async () => {
    const { ran, idle } = attach(openInbox({ url: redis.freshUrl() }));
    await idle();
    const client = new Redis(redis.server.url);
    onTestFinished(() => client.disconnect());
    const commands = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await client.info("stats"))?.[1]);
    const before = await commands();
    await pause(3000);
    expect((await commands()) - before).toBeLessThan(150);
    expect(ran).toEqual([]);
  });

  test("a closed inbox leaves no connection, and opens again when it is used", async () => {
    const client = new Redis(redis.server.url);
    onTestFinished(() => client.disconnect());
    const connections = async (): Promise<number> =>
      Number(/connected_clients:(\d+)/.exec(await client.info("clients"))?.[1]);
    const before = await connections();
    const inbox = openInbox({ url: redis.freshUrl() });
    for (let round = 0; round < 2; round++) {
      const { ran, idle, close } = attach(inbox);
      await inbox.accept(message());
      await idle();
      expect(ran).toHaveLength(1);
      expect(await connections()).toBeGreaterThan(before);
      await close();
      await expect.poll(connections).toBe(before);
    }
    expect(await inbox.counts()).toMatchObject({ done: 2 });
    await inbox.close();
    await inbox.close();
    await expect.poll(connections).toBe(before);
  });

  test.each([["closed by its receiver"], ["closed by itself"], ["closed while Redis is away"]])(
    "an inbox that is %s lets its process end",
    async (how) => {
      const program = `
        import { redisInbox } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
        const inbox = redisInbox({ url: process.argv[1], leaseInSeconds: 60 });
        const attachment = inbox.attach({ name: "default", run: async () => ({ succeeded: true }), interrupted() {} });
        const message = { receiver: "default", messageId: "m", timestamp: new Date(), rawBody: new Uint8Array() };
        if (process.argv[2] === "closed while Redis is away") await inbox.accept(message).catch(() => {});
        else { await inbox.accept(message); await attachment.idle(); }
        await (process.argv[2] === "closed by its receiver" ? attachment : inbox).close();
        console.log("closed");
      `;
      const url = how === "closed while Redis is away" ? "redis://127.0.0.1:1" : redis.freshUrl();
      const child = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, url, how], {
        timeout: 20_000,
      });
      expect((await child).stdout).toBe("closed\n");
    },
  );

  describe("from a connection", () => {
    test("of ioredis: its settings are used, and it is left alone", async () => {
      const client = new Redis(redis.server.url, { keyPrefix: "mine:", maxRetriesPerRequest: 3 });
      onTestFinished(() => client.disconnect());
      await client.ping();
      const inbox = openInbox({ connection: client });
      const { ran, idle } = attach(inbox);
      await inbox.accept(message());
      await idle();
      expect(ran).toHaveLength(1);
      await inbox.close();
      expect(client.status).toBe("ready");
      expect(await client.exists("diffio-webhooks:queues")).toBe(1);
    });

    test("given as settings", async () => {
      const inbox = openInbox({ connection: { port: redis.server.port, db: 3 } });
      const one = message();
      await inbox.accept(one);
      const client = new Redis(redis.server.url, { db: 3 });
      onTestFinished(() => client.disconnect());
      expect(await client.exists(`diffio-webhooks:default:m_${one.messageId}`)).toBe(1);
    });

    test.each([
      ["nothing", {}],
      ["an empty url", { url: "" }],
      ["a url of something else", { url: "https://localhost:6379" }],
      ["no url at all", { url: "localhost" }],
      ["both", { url: "redis://localhost", connection: {} }],
      ["a number", { connection: 6379 }],
      ["a cluster", { connection: { isCluster: true, options: {} } }],
      ["a client of node-redis", { connection: { sendCommand() {}, isOpen: true } }],
      ["a lease of no time", { url: "redis://localhost", leaseInSeconds: 0 }],
    ])("that is %s: refused, with a hint", (_name, options) => {
      expect(() => redisInbox(options as never)).toThrow(
        expect.objectContaining({ code: "invalid_option", hint: expect.stringMatching(/./) as string }),
      );
    });

    test("a url with a password never shows in the error", () => {
      expect(() => redisInbox({ url: "redos://:hunter2@localhost" })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("hunter2") as string }),
      );
    });

    test("no options at all: refused", () => {
      expect(() => redisInbox(undefined as never)).toThrow(
        expect.objectContaining({ code: "invalid_option" }),
      );
    });
  });
});

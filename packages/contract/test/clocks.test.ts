/** Fake timers and a set clock, before or after the receiver is made, hold up no delivery, no run, no idle() and no close(). */
import { mkdtempSync, rmSync } from "node:fs";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { type Inbox, createReceiver, memoryInbox } from "@diffio-webhooks/core";
import { createFetchHandler } from "@diffio-webhooks/core/fetch";
import { sampleEvent, signMessage } from "@diffio-webhooks/core/testing";
import { diffioWebhooks as expressWebhooks } from "@diffio-webhooks/express";
import { diffioWebhooks as fastifyWebhooks } from "@diffio-webhooks/fastify";
import { diffioWebhooks as honoWebhooks } from "@diffio-webhooks/hono";
import { postgresInbox } from "@diffio-webhooks/inbox-postgres";
import { redisInbox } from "@diffio-webhooks/inbox-redis";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { type PostgresServer, startPostgres } from "@diffio-webhooks/test-support/postgres";
import { type RedisServer, hasRedisServer, startRedis } from "@diffio-webhooks/test-support/redis";
import fastify from "fastify";
import { Hono } from "hono";
import { send } from "../src/index.ts";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

const signingSecret = "whsec_ZGlmZmlvLXdlYmhvb2tzLWN1cnJlbnQtMDEyMzQ1Njc=";
const PATH = "/webhooks/diffio";

const CLOCKS: Readonly<Record<string, () => void>> = {
  "vi.useFakeTimers()": () => void vi.useFakeTimers(),
  "vi.setSystemTime(2020)": () => void vi.setSystemTime(new Date("2020-01-01")),
  "vi.setSystemTime(2040)": () => void vi.setSystemTime(new Date("2040-01-01")),
  "node:test mock.timers": () =>
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "setImmediate", "Date"] }),
};

const servers: { close(): unknown }[] = [];

afterEach(async () => {
  vi.useRealTimers();
  mock.timers.reset();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Running {
  deliver(): Promise<number>;
  readonly receiver: { idle(): Promise<void>; close(): Promise<void> };
}

type Start = (options: { onAny: () => void; inbox?: Inbox }) => Promise<Running>;

function signed(): { headers: Record<string, string>; body: Uint8Array; text: string } {
  return signMessage({ signingSecret, body: sampleEvent("generation.completed") });
}

function throughFetch(handle: (request: Request) => Response | Promise<Response>): Running["deliver"] {
  return async () => {
    const { headers, text } = signed();
    const request = new Request(`http://localhost${PATH}`, { method: "POST", headers, body: text });
    return (await handle(request)).status;
  };
}

const ADAPTERS: Readonly<Record<string, Start>> = {
  async core(options) {
    const receiver = createReceiver({ signingSecret, ...options });
    return {
      receiver,
      deliver: async () => (await receiver.receive({ method: "POST", ...signed() })).status,
    };
  },
  async fetch(options) {
    const handler = createFetchHandler({ signingSecret, ...options });
    return { receiver: handler.receiver, deliver: throughFetch(handler) };
  },
  async hono(options) {
    const webhooks = honoWebhooks({ signingSecret, ...options });
    const app = new Hono();
    app.post(PATH, webhooks);
    return { receiver: webhooks.receiver, deliver: throughFetch(app.fetch) };
  },
  async fastify(options) {
    const app = fastify();
    await app.register(fastifyWebhooks, { path: PATH, signingSecret, ...options });
    const receiver = app.diffioWebhooks?.get(PATH);
    if (!receiver) throw new Error("There is no receiver.");
    // Not by inject(), whose body waits for the global setImmediate.
    const origin = await app.listen({ port: 0, host: "127.0.0.1" });
    servers.push(app);
    return {
      receiver,
      async deliver() {
        const { headers, body } = signed();
        return (await send(origin, { path: PATH, headers, body })).status;
      },
    };
  },
  async express(options) {
    const webhooks = expressWebhooks({ signingSecret, ...options });
    return {
      receiver: webhooks.receiver,
      deliver: () =>
        new Promise((resolve) => {
          const { headers, body } = signed();
          const req = new IncomingMessage(new Socket());
          Object.assign(req, { method: "POST", url: PATH, headers });
          req.push(body);
          req.push(null);
          const res = new ServerResponse(req);
          const { end } = res;
          res.end = ((...args: []) => {
            resolve(res.statusCode);
            return Reflect.apply(end, res, args) as ServerResponse;
          }) as typeof res.end;
          webhooks(req as never, res as never, () => {});
        }),
    };
  },
};

async function expectRun(running: Running, runs: () => number): Promise<void> {
  expect(await running.deliver()).toBe(200);
  await running.receiver.idle();
  expect(runs()).toBe(1);
  await running.receiver.close();
}

describe.each(Object.entries(CLOCKS))("%s", (_clock, fake) => {
  describe.each(Object.entries(ADAPTERS))("%s", (_adapter, start) => {
    test.each(["before", "after"])("%s the receiver is made", async (when) => {
      let runs = 0;
      if (when === "before") fake();
      const running = await start({ onAny: () => void (runs += 1) });
      if (when === "after") fake();
      await expectRun(running, () => runs);
    });
  });

  test("a run that is retried", async () => {
    let runs = 0;
    fake();
    const receiver = createReceiver({
      signingSecret,
      inbox: memoryInbox({ backoffInSeconds: 0.01 }),
      onError: () => {},
      onAny: () => {
        runs += 1;
        if (runs === 1) throw new Error("Once more.");
      },
    });
    expect((await receiver.receive({ method: "POST", ...signed() })).status).toBe(200);
    await receiver.idle();
    expect(runs).toBe(2);
  });
});

describe("durable inboxes", () => {
  let folder: string;
  let postgres: PostgresServer;
  let redis: RedisServer | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "diffio-clocks-"));
    postgres = await startPostgres();
    if (hasRedisServer) redis = await startRedis();
  });
  afterAll(async () => {
    await postgres.stop();
    await redis?.remove();
    rmSync(folder, { recursive: true });
  });

  let stores = 0;
  const INBOXES: Readonly<Record<string, () => Inbox | Promise<Inbox>>> = {
    sqlite: () => sqliteInbox({ path: join(folder, `${(stores += 1)}.db`) }),
    postgres: async () =>
      postgresInbox({ connectionString: await postgres.createDatabase(`clocks_${(stores += 1)}`) }),
    ...(hasRedisServer && {
      redis: () => redisInbox({ url: `${redis?.url}?keyPrefix=clocks${(stores += 1)}:` }),
    }),
  };

  // The server's own clock and the driver's timers go on: only the clock is set.
  describe.each(Object.entries(INBOXES))("%s", (_name, open) => {
    test.each(Object.entries(CLOCKS))("%s after the receiver is made", async (_clock, fake) => {
      let runs = 0;
      const inbox = await open();
      const running = await ADAPTERS["core"]?.({ inbox, onAny: () => void (runs += 1) });
      if (!running) throw new Error("There is no core.");
      // Connected before the clock is touched, as a test's setup does it.
      expect(await running.deliver()).toBe(200);
      await running.receiver.idle();
      expect(runs).toBe(1);
      runs = 0;
      fake();
      await expectRun(running, () => runs);
    });
  });
});
